#ifndef MQRPC_PROTOC_PLUGIN_DECLARED_NAMES_H_
#define MQRPC_PROTOC_PLUGIN_DECLARED_NAMES_H_

#include <google/protobuf/descriptor.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mqrpc::plugin {

// What is already called something in the C++ namespace of a file, by the code that protobuf
// generates for it and for all that it imports. protoc itself sees to it that names differ in the
// .proto; this is about those that are the same in C++ only, such as nested messages: `Outer.Inner`
// is the class `Outer_Inner`.
class DeclaredNames final {
 public:
  explicit DeclaredNames(const google::protobuf::FileDescriptor& file);

  // `message acme.Outer.Inner`, or null if nothing is called that.
  const std::string* Find(const std::string& name) const;

 private:
  void AddFile(const google::protobuf::FileDescriptor& file);
  void AddMessage(const google::protobuf::Descriptor& message);
  void AddEnum(const google::protobuf::EnumDescriptor& type);
  void Add(const std::string& name, const std::string& owner);

  const std::vector<std::string> namespace_;
  std::set<const google::protobuf::FileDescriptor*> files_;
  std::map<std::string, std::string> owners_;
};

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_DECLARED_NAMES_H_

#ifndef MQRPC_PROTOC_PLUGIN_ERROR_LIST_H_
#define MQRPC_PROTOC_PLUGIN_ERROR_LIST_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace mqrpc::plugin {

// What is wrong with the input, all of it, as one line each: `file.proto:LINE:COLUMN: message`, as
// compilers write it and editors follow it.
class ErrorList final {
 public:
  // About no place in particular.
  void Add(const std::string& message);

  // About the declaration of a service or a method.
  template <class Descriptor>
  void Add(const Descriptor& place, const std::string& message) {
    google::protobuf::SourceLocation location;
    const bool known = place.GetSourceLocation(&location);
    AddAt(*FileOf(place), known ? &location : nullptr, message);
  }

  // About the option with this field number in FileOptions.
  void AddAtOption(
      const google::protobuf::FileDescriptor& file,
      int option,
      const std::string& message);

  // About an option of a method: `option` begins with its field number in MethodOptions, and goes
  // on with those of a field within it.
  void AddAtOption(
      const google::protobuf::MethodDescriptor& method,
      std::vector<int> option,
      const std::string& message);

  // About the declaration of the package.
  void AddAtPackage(const google::protobuf::FileDescriptor& file, const std::string& message);

  bool empty() const { return lines_.empty(); }
  std::string ToString() const;

 private:
  static const google::protobuf::FileDescriptor* FileOf(
      const google::protobuf::ServiceDescriptor& service) {
    return service.file();
  }
  static const google::protobuf::FileDescriptor* FileOf(
      const google::protobuf::MethodDescriptor& method) {
    return method.service()->file();
  }

  // `path` as in google.protobuf.SourceCodeInfo.
  void AddAtPath(
      const google::protobuf::FileDescriptor& file,
      const std::vector<int>& path,
      const std::string& message);

  // `location` is null in descriptors without source information.
  void AddAt(
      const google::protobuf::FileDescriptor& file,
      const google::protobuf::SourceLocation* location,
      const std::string& message);

  std::vector<std::string> lines_;
};

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_ERROR_LIST_H_

#include "protoc-plugin/names.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

#include "protoc-plugin/keywords.h"

namespace mqrpc::plugin {

namespace cpp = google::protobuf::compiler::cpp;

namespace {

// `path` as a part of an identifier, different for different paths.
std::string Identifier(const std::string& path) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  std::string identifier;
  for (const unsigned char c : path) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
      identifier += static_cast<char>(c);
    } else {
      identifier += {'_', kHexDigits[c >> 4], kHexDigits[c & 15]};
    }
  }
  return identifier;
}

// The qualified name of some class that protobuf puts into the namespace of `file`. How that is
// named depends on the version of protobuf, so it is asked about a message, made up if there is
// none.
std::string ClassInNamespaceOf(const google::protobuf::FileDescriptor& file) {
  if (file.message_type_count() > 0) return cpp::QualifiedClassName(file.message_type(0));
  google::protobuf::FileDescriptorProto made_up;
  made_up.set_name("made_up.proto");
  made_up.set_package(std::string(file.package()));
  made_up.add_message_type()->set_name("MadeUp");
  google::protobuf::DescriptorPool pool;
  return cpp::QualifiedClassName(pool.BuildFile(made_up)->message_type(0));
}

}  // namespace

FileNames::FileNames(const google::protobuf::FileDescriptor& file)
    : proto(file.name()),
      header(cpp::StripProto(proto) + ".mqrpc.pb.h"),
      source(cpp::StripProto(proto) + ".mqrpc.pb.cc"),
      messages(cpp::StripProto(proto) + ".pb.h"),
      header_guard("MQRPC_GENERATED_" + Identifier(proto) + "_H_") {}

ServiceNames::ServiceNames(const google::protobuf::ServiceDescriptor& service)
    : wire(service.full_name()), class_name(EscapeKeyword(service.name())) {}

MethodNames::MethodNames(const google::protobuf::MethodDescriptor& method)
    : wire(method.name()),
      blocking(EscapeKeyword(wire)),
      async(wire + "Async"),
      request(cpp::QualifiedClassName(method.input_type())),
      reply(cpp::QualifiedClassName(method.output_type())) {}

std::vector<std::string> Namespace(const google::protobuf::FileDescriptor& file) {
  std::string scope = ClassInNamespaceOf(file);
  scope.resize(scope.rfind("::"));
  std::vector<std::string> components;
  for (size_t begin = 0; begin < scope.size();) {
    begin += 2;
    const size_t end = std::min(scope.find("::", begin), scope.size());
    components.push_back(scope.substr(begin, end - begin));
    begin = end;
  }
  return components;
}

}  // namespace mqrpc::plugin

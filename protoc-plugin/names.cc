#include "protoc-plugin/names.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <iterator>

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

// Whether something else of that name, a member of the service's class or a parameter of a method,
// comes first inside it.
bool IsHidden(const std::string& name, const google::protobuf::ServiceDescriptor& service) {
  if (IsNestedName(name) || name == EscapeKeyword(service.name())) return true;
  for (const char* parameter : {"channel", "context", "options", "request", "responder"}) {
    if (name == parameter) return true;
  }
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string method(service.method(i)->name());
    if (name == EscapeKeyword(method)) return true;
    if (name == method + "Async" || name == method + "Notify") return true;
  }
  return false;
}

// What the class of `service` calls the class of `type`.
std::string TypeName(
    const google::protobuf::Descriptor& type,
    const google::protobuf::ServiceDescriptor& service) {
  const std::string full = cpp::QualifiedClassName(&type);
  std::string scope = ClassInNamespaceOf(*service.file());
  scope.resize(scope.rfind("::") + 2);
  if (full.substr(0, scope.size()) != scope) return full;
  const std::string name = full.substr(scope.size());
  const bool is_nested = name.find("::") != std::string::npos;
  return is_nested || IsHidden(name, service) ? full : name;
}

}  // namespace

bool IsNestedName(std::string_view name) {
  constexpr std::string_view kNames[] =
      {"Stub", "Service", "AsyncService", "CoService", kServiceNameConstant};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

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
      notify(wire + "Notify"),
      request(TypeName(*method.input_type(), *method.service())),
      reply(TypeName(*method.output_type(), *method.service())),
      constant("mqrpc_" + Identifier(std::string(method.service()->name())) + "_" + wire),
      streams_requests(method.client_streaming()),
      streams_replies(method.server_streaming()) {
  const std::string both = "<" + request + ", " + reply + ">";
  if (streams_requests && streams_replies) {
    called_stream = "::mqrpc::ClientReaderWriter" + both;
    served_stream = "::mqrpc::ServerReaderWriter" + both;
  } else if (streams_requests) {
    called_stream = "::mqrpc::ClientWriter" + both;
    served_stream = "::mqrpc::ServerReader" + both;
  } else if (streams_replies) {
    called_stream = "::mqrpc::ClientReader<" + reply + ">";
    served_stream = "::mqrpc::ServerWriter<" + reply + ">";
  }
}

bool HasStreams(const google::protobuf::FileDescriptor& file) {
  for (int i = 0; i < file.service_count(); ++i) {
    const google::protobuf::ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      if (MethodNames(*service.method(j)).has_streams()) return true;
    }
  }
  return false;
}

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

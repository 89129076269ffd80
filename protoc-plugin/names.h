#ifndef MQRPC_PROTOC_PLUGIN_NAMES_H_
#define MQRPC_PROTOC_PLUGIN_NAMES_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

namespace mqrpc::plugin {

// Every name that generated code has for something of the .proto. A type is called as its
// neighbours call it, `SetTargetRequest`; one of another namespace, and one that a member of the
// service's class hides, by its full name with `::` in front, so that nothing can come between.

struct FileNames {
  explicit FileNames(const google::protobuf::FileDescriptor& file);

  std::string proto;         // acme/home.proto
  std::string header;        // acme/home.mqrpc.pb.h
  std::string source;        // acme/home.mqrpc.pb.cc
  std::string messages;      // acme/home.pb.h
  std::string header_guard;  // MQRPC_GENERATED_acme_2fhome_2eproto_H_
};

struct ServiceNames {
  explicit ServiceNames(const google::protobuf::ServiceDescriptor& service);

  std::string wire;        // acme.Thermostat
  std::string class_name;  // Thermostat
};

struct MethodNames {
  explicit MethodNames(const google::protobuf::MethodDescriptor& method);

  std::string wire;      // SetTarget
  std::string blocking;  // SetTarget, and so the handler's
  std::string async;     // SetTargetAsync
  std::string notify;    // SetTargetNotify
  std::string request;   // SetTargetRequest, or ::other::SetTargetRequest
  std::string reply;     // SetTargetReply, likewise
  std::string constant;  // mqrpc_Thermostat_SetTarget, for what its options say

  // `stream` before the request, and before the reply.
  bool streams_requests;
  bool streams_replies;

  // What its caller, and its handler, reads and writes; empty without streams.
  std::string called_stream;  // ::mqrpc::ClientReader<SetTargetReply>
  std::string served_stream;  // ::mqrpc::ServerWriter<SetTargetReply>

  bool has_streams() const { return streams_requests || streams_replies; }

  // Those of the functions.
  std::vector<std::string> Functions() const {
    if (has_streams()) return {blocking};
    return {blocking, async, notify};
  }
};

// Whether any method of the file has streams.
bool HasStreams(const google::protobuf::FileDescriptor& file);

// The constant with a service's name, in its class.
inline constexpr std::string_view kServiceNameConstant = "kServiceName";

// What the class of a service has in it besides methods. Those that are not generated yet are kept
// free for when they are.
bool IsNestedName(std::string_view name);

// The namespace that protobuf gives to a file, outermost first; empty without a package.
std::vector<std::string> Namespace(const google::protobuf::FileDescriptor& file);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_NAMES_H_

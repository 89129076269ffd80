#ifndef MQRPC_PROTOC_PLUGIN_METHOD_OPTIONS_H_
#define MQRPC_PROTOC_PLUGIN_METHOD_OPTIONS_H_

#include <google/protobuf/descriptor.h>

#include <string>
#include <vector>

namespace mqrpc::plugin {

// What the .proto says about the calls of a method, in C++. Each is empty for what is not said.
struct MethodOptions {
  explicit MethodOptions(const google::protobuf::MethodDescriptor& method);

  // `::mqrpc::Idempotency::kIdempotent`
  std::string idempotency;

  // `::mqrpc::RunsOn::kConnection`
  std::string runs_on;

  // Whether all servers answer.
  bool is_broadcast = false;

  std::string topic;  // see TopicOf

  // Of bytes.
  std::string max_message_size;

  // Initialisers of ::mqrpc::CallOptions in its order, such as `.wait_for_ready = true`, but for
  // the last of them, `.retry`.
  std::vector<std::string> call_options;

  // Those of ::mqrpc::RetryPolicy. It may be there and be empty.
  bool has_retry = false;
  std::vector<std::string> retry;

  bool HasCallOptions() const { return !call_options.empty() || has_retry; }
};

// The template of its own topic, with the names of service and method in it; empty if it has none.
std::string TopicOf(const google::protobuf::MethodDescriptor& method);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_METHOD_OPTIONS_H_

#ifndef MQRPC_METHOD_H_
#define MQRPC_METHOD_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "mqrpc/call_options.h"
#include "mqrpc/message.h"

namespace mqrpc {

// What a second execution would do: the standard `option idempotency_level` of a method.
enum class Idempotency {
  kUnknown,        // harm: a call that may have run is not sent again
  kIdempotent,     // nothing more than the first
  kNoSideEffects,  // nothing, as the first: replies are not kept for repetitions either
};

// Who answers a call of a method.
enum class Responders {
  kOne,   // whichever server is free
  kMany,  // all servers that there are: `option (mqrpc.responders) = MANY`
};

// Whose thread runs the handler of a method.
enum class RunsOn {
  kWorker,      // a worker's, if the server has any
  kConnection,  // the connection's own: `option (mqrpc.quick)` of mqrpc/options.proto
};

// What the .proto of a method says of its calls: as CallOptions, which come before it.
struct MethodOptions {
  std::optional<absl::Duration> timeout = {};
  std::optional<QoS> qos = {};
  std::optional<bool> wait_for_ready = {};
  std::optional<bool> shares_messages = {};
  std::optional<RetryPolicy> retry = {};
};

// Names a method, and says what its .proto says about it, for both ends. The strings must outlive
// the calls that start with it and the servers that serve it, as literals do.
struct Method {
  std::string_view service = {};  // with its package: `acme.Thermostat`
  std::string_view name = {};
  Idempotency idempotency = Idempotency::kUnknown;
  RunsOn runs_on = RunsOn::kWorker;
  Responders responders = Responders::kOne;

  // `stream` before the request, and before the reply.
  bool client_streaming = false;
  bool server_streaming = false;

  // `option (mqrpc.topic)`; empty: where the topics of all methods are.
  std::string_view topic = {};

  // Of one request or reply, at both ends; 0: as channel and server have it.
  size_t max_message_size = 0;

  MethodOptions options = {};
};

}  // namespace mqrpc

#endif  // MQRPC_METHOD_H_

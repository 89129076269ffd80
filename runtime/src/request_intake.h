#ifndef MQRPC_REQUEST_INTAKE_H_
#define MQRPC_REQUEST_INTAKE_H_

#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "counters.h"
#include "mqrpc/message.h"
#include "mqrpc/server.h"
#include "served_services.h"
#include "wire.h"

namespace mqrpc::internal {

// A request, however it came.
struct IncomingRequest {
  std::string_view method = {};  // as its topic has it; as long as it is being handled
  absl::Time arrival = {};
  std::optional<wire::ReplyAddress> reply_to = {};
  wire::RequestFrame frame = {};
  absl::Status status = {};  // what is wrong with it
};

// Makes requests of messages. One that may not be run, since there is no safe place to answer to,
// or, when retained, nobody who asks now, is dropped and counted. All arguments outlive it.
class RequestIntake {
 public:
  using Handle = absl::FunctionRef<void(IncomingRequest)>;

  RequestIntake(
      const ServerOptions& options,
      const ServedServices& services,
      ServerCounters& counters)
      : options_(options), services_(services), counters_(counters) {}

  void Take(Message message, absl::Time arrival, Handle handle) const;
  void TakeBatch(const Message& message, absl::Time arrival, Handle handle) const;

  // Whether it is safe to answer there.
  absl::Status CheckReplyTopic(std::string_view topic) const;

 private:
  bool MayRun(const Message& message) const;

  const ServerOptions& options_;
  const ServedServices& services_;
  ServerCounters& counters_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REQUEST_INTAKE_H_

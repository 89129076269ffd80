#ifndef MQRPC_IN_PROCESS_TRANSPORT_H_
#define MQRPC_IN_PROCESS_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/transport.h"

namespace mqrpc {

namespace internal {
class InProcessCore;
}

struct InProcessOptions {
  // Messages of one connection that wait for their turn; one more is answered RESOURCE_EXHAUSTED.
  size_t max_queued = 200'000;

  // As MosquittoOptions::presence_prefix, of all connections.
  std::string_view presence_prefix = "mqrpc";
};

// A broker inside the process, to test a service and its callers without a real one. It matches
// topics as MQTT 5 does (sections 4.7 and 4.8): `+`, `#`, `$share` in turn over the members of a
// group, `$`-topics hidden from leading wildcards, and 0x10 when nobody is subscribed. It keeps no
// sessions, and retained messages only for those who want them. A message is delivered in the turn
// in which it leaves, so that none expires at the broker.
//
//   mqrpc::InProcessBroker broker;
//   auto connection = broker.Connect("test");
//   mqrpc::Server server(**connection);
//   mqrpc::Channel channel(**connection);
//
// Thread-safe. Outlives its connections.
class InProcessBroker {
 public:
  // On a thread of its own, in real time.
  explicit InProcessBroker(InProcessOptions options = {});
  // On a given loop, which outlives the broker and runs as long as it has connections: for virtual
  // time, testing::ManualLoop.
  explicit InProcessBroker(EventLoop& loop, InProcessOptions options = {});
  ~InProcessBroker();

  InProcessBroker(const InProcessBroker&) = delete;
  InProcessBroker& operator=(const InProcessBroker&) = delete;

  // A connection named `client_id`. It may be destroyed by any thread once nothing uses it any
  // more; its subscriptions are gone then, and what it had not sent yet. Errors:
  //   INVALID_ARGUMENT  `client_id` is not one topic level of 1 to 128 bytes that does not begin
  //                     with `$`, or an option is wrong
  //   ALREADY_EXISTS    another connection has it
  absl::StatusOr<std::unique_ptr<Transport>> Connect(std::string client_id);

 private:
  std::unique_ptr<EventLoop> owned_loop_;
  std::unique_ptr<internal::InProcessCore> core_;
};

}  // namespace mqrpc

#endif  // MQRPC_IN_PROCESS_TRANSPORT_H_

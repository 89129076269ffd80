#ifndef MQRPC_CONNECT_ATTEMPT_H_
#define MQRPC_CONNECT_ATTEMPT_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "mosquitto_client.h"
#include "mqrpc/event_loop.h"

namespace mqrpc::internal {

// One attempt to connect, on a short-lived thread of its own, since it blocks. That thread may
// outlive it, and then delivers to nobody. Made and destroyed in turns of the loop.
class ConnectAttempt {
 public:
  using Client = absl::StatusOr<std::unique_ptr<MosquittoClient>>;

  // `done` runs in a turn of the loop, unless this has been destroyed by then; it may destroy it.
  ConnectAttempt(
      EventLoop& loop,
      MosquittoClient::Options options,
      absl::AnyInvocable<void(Client)> done);
  ~ConnectAttempt();

  ConnectAttempt(const ConnectAttempt&) = delete;
  ConnectAttempt& operator=(const ConnectAttempt&) = delete;

 private:
  struct Recipient;

  const std::shared_ptr<Recipient> recipient_;  // shared with the thread
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CONNECT_ATTEMPT_H_

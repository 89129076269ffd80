#ifndef MQRPC_BENCH_NATS_CONNECTION_H_
#define MQRPC_BENCH_NATS_CONNECTION_H_

#include <nats/nats.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace mqrpc::bench {

inline constexpr char kNatsSubject[] = "services.mqrpc.bench.EchoService.Echo";

// A header of a request: for how long its handler waits before it answers.
inline constexpr char kNatsDelayMillis[] = "Delay-Millis";

// What is received before the other end is slower than its callers: all of it.
inline constexpr int kNatsPending = 1 << 20;

template <auto Destroy>
struct NatsDeleter {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};

using NatsConnection = std::unique_ptr<natsConnection, NatsDeleter<natsConnection_Destroy>>;
using NatsSubscription = std::unique_ptr<natsSubscription, NatsDeleter<natsSubscription_Destroy>>;
using NatsMessage = std::unique_ptr<natsMsg, NatsDeleter<natsMsg_Destroy>>;
using NatsOptions = std::unique_ptr<natsOptions, NatsDeleter<natsOptions_Destroy>>;

inline absl::Status NatsError(const char* what, natsStatus status) {
  return absl::InternalError(absl::StrCat("NATS: ", what, ": ", natsStatus_GetText(status)));
}

// With so many calls in flight libnats does best when it writes each message at once; with more,
// when its flusher writes what has gathered within a millisecond.
inline constexpr size_t kMostAtOnce = 64;

inline absl::StatusOr<NatsConnection> ConnectNats(const std::string& address, bool at_once) {
  natsOptions* made = nullptr;
  natsStatus status = natsOptions_Create(&made);
  NatsOptions options(made);
  if (status == NATS_OK) status = natsOptions_SetURL(made, address.c_str());
  if (status == NATS_OK) status = natsOptions_SetSendAsap(made, at_once);
  natsConnection* connection = nullptr;
  if (status == NATS_OK) status = natsConnection_Connect(&connection, made);
  if (status != NATS_OK) return NatsError("connecting", status);
  return NatsConnection(connection);
}

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_NATS_CONNECTION_H_

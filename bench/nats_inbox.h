#ifndef MQRPC_BENCH_NATS_INBOX_H_
#define MQRPC_BENCH_NATS_INBOX_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nats_connection.h"

namespace mqrpc::bench {

// Where the replies to the requests of one client come, each under a number.
class NatsInbox {
 public:
  // Replies go to `on_message`, with `closure`, on a thread of libnats.
  static absl::StatusOr<NatsInbox> Open(
      natsConnection* connection,
      natsMsgHandler on_message,
      void* closure) {
    natsInbox* name = nullptr;
    natsStatus status = natsInbox_Create(&name);
    if (status != NATS_OK) return NatsError("an inbox", status);
    std::string prefix = absl::StrCat(name, ".");
    natsInbox_Destroy(name);
    natsSubscription* made = nullptr;
    std::string filter = absl::StrCat(prefix, "*");
    status = natsConnection_Subscribe(&made, connection, filter.c_str(), on_message, closure);
    NatsSubscription subscription(made);
    if (status == NATS_OK) status = natsSubscription_SetPendingLimits(made, kNatsPending, -1);
    if (status != NATS_OK) return NatsError("subscribing", status);
    return NatsInbox(std::move(prefix), std::move(subscription));
  }

  std::string Subject(uint64_t number) const { return absl::StrCat(prefix_, number); }

  static std::optional<uint64_t> NumberOf(const natsMsg* reply) {
    std::string_view subject = natsMsg_GetSubject(reply);
    subject.remove_prefix(subject.rfind('.') + 1);
    uint64_t number = 0;
    if (!absl::SimpleAtoi({subject.data(), subject.size()}, &number)) return std::nullopt;
    return number;
  }

 private:
  NatsInbox(std::string prefix, NatsSubscription subscription)
      : prefix_(std::move(prefix)), subscription_(std::move(subscription)) {}

  std::string prefix_;
  NatsSubscription subscription_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_NATS_INBOX_H_

#ifndef MQRPC_REPLY_SENDER_H_
#define MQRPC_REPLY_SENDER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "counters.h"
#include "mqrpc/log.h"
#include "mqrpc/transport.h"
#include "reply_cache.h"
#include "wire.h"

namespace mqrpc::internal {

// The answer to one call.
struct OutgoingReply {
  wire::ReplyAddress to;
  absl::Time deadline;
  ReplyCache::Answer answer;  // until it is sent
  wire::Ran ran = wire::Ran::kYes;
};

// Brings a server's replies to the network. They wait by response topic, each of which has one
// message announced to the transport at most; which replies that is of is settled when it leaves:
// those to batches share one. All in turns of the loop. Shared with the transport's callbacks,
// which may come after Close.
class ReplySender final : public std::enable_shared_from_this<ReplySender> {
 public:
  ReplySender(Transport& transport, std::shared_ptr<ServerCounters> counters, LogSink log)
      : transport_(transport), counters_(std::move(counters)), log_(std::move(log)) {}

  // `on_end` runs for each reply that is queued here, once: when the broker has it, or it is lost.
  void Open(std::function<void()> on_end) { on_end_ = std::move(on_end); }

  void Queue(OutgoingReply reply);

  // What is queued still leaves as long as the transport is there; what comes is lost.
  void Close() { on_end_ = nullptr; }

 private:
  // Replies that wait to leave for one response topic at one QoS.
  struct Lane {
    const std::string topic;
    const QoS qos;
    std::vector<OutgoingReply> queued = {};
    size_t most_bytes = wire::kMaxBatchBytes;  // in one message, as the broker takes
    bool is_announced = false;                 // the transport will ask for a message of it
  };

  // What left in one message, for its acknowledgement.
  struct Sent {
    bool is_composed = false;
    std::vector<OutgoingReply> replies = {};
    size_t bytes = 0;  // of their payloads
  };

  Lane& LaneTo(const std::string& topic, QoS qos);
  void Announce(Lane& lane);
  std::optional<Message> Compose(Lane& lane, Sent& sent);
  static bool MayJoin(const Sent& sent, const OutgoingReply& next);
  static Message Encode(const Lane& lane, Sent& sent, absl::Duration remaining);
  void OnAck(Lane& lane, Sent& sent, const absl::StatusOr<ReasonCode>& ack);
  void OnRefusal(OutgoingReply reply, const absl::Status& status);
  void Lose(const absl::Status& why);
  void End();

  Transport& transport_;                            // used in its own callbacks, and until Close
  const std::shared_ptr<ServerCounters> counters_;  // shared with the server, which may go first
  const LogSink log_;
  std::function<void()> on_end_;  // null once closed
  // By topic and QoS, in a string of the lane itself. One that is idle stays if there are few.
  absl::flat_hash_map<std::pair<absl::string_view, QoS>, std::unique_ptr<Lane>> lanes_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REPLY_SENDER_H_

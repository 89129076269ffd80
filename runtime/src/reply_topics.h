#ifndef MQRPC_REPLY_TOPICS_H_
#define MQRPC_REPLY_TOPICS_H_

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/channel.h"
#include "mqrpc/transport.h"

namespace mqrpc::internal {

struct ReplyTopic {
  std::string name = {};
  std::optional<std::string> information = {};  // which it was made from
  absl::Status refused = {};                    // not OK: the broker lets us have no replies there
  size_t calls = 0;                             // that were sent with it and have not ended
  Transport::SubscriptionId subscription = 0;
};

// Where a channel has its replies sent: below the Response Information that the broker gave with
// its last CONNACK (MQTT 5 section 4.10.1), or else to the connection's own topic. Servers know a
// call by the topic that its first attempt named; so where a new connection brings another one, the
// old stays subscribed as long as a call has it. All in turns of the loop.
class ReplyTopics {
 public:
  using OnReply = std::function<void(Message)>;
  // OK; UNAVAILABLE if replies there may have been lost; others if there will be none.
  using OnState = std::function<void(const ReplyTopic& topic, const absl::Status& state)>;

  // Both arguments outlive it.
  ReplyTopics(Transport& transport, const ChannelOptions& options)
      : transport_(transport), options_(options) {}

  // Subscribes, if it is known already to what. The callbacks run until Close().
  void Open(OnReply on_reply, OnState on_state);
  void Close();

  // For a call that has none yet; null until Prepare() has been called since the last CONNACK.
  ReplyTopic* Current();

  // Subscribes to the present topic, if it is not yet: what is published from here on leaves after
  // the broker has answered. An error if there is no topic to have replies at, which says why.
  absl::Status Prepare();

  // A call has, and no longer has, the topic.
  void Hold(ReplyTopic& topic) { ++topic.calls; }
  void Release(ReplyTopic& topic);

 private:
  std::optional<std::string> Information() const;
  absl::StatusOr<std::string> NameFor(const std::optional<std::string>& information) const;
  absl::Status MakeCurrent(std::optional<std::string> information);
  void DropUnused();

  Transport& transport_;
  const ChannelOptions& options_;
  OnReply on_reply_;
  OnState on_state_;
  std::list<ReplyTopic> topics_;  // the last one is for new calls
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REPLY_TOPICS_H_

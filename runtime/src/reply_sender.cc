#include "reply_sender.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace mqrpc::internal {
namespace {

// Topics that have been answered to, kept ready for the next reply.
constexpr size_t kMaxIdleLanes = 256;

}  // namespace

void ReplySender::Queue(OutgoingReply reply) {
  if (!on_end_) return counters_.replies_lost.Add();
  counters_.answered.Add();
  Lane& lane = LaneTo(reply.to.topic, reply.to.qos);
  lane.queued.push_back(std::move(reply));
  Announce(lane);
}

void ReplySender::Close() {
  on_end_ = nullptr;
  for (const auto& [key, lane] : lanes_) counters_.replies_lost.Add(lane->queued.size());
  lanes_.clear();
}

ReplySender::Lane& ReplySender::LaneTo(const std::string& topic, QoS qos) {
  auto found = lanes_.find({topic, qos});
  if (found != lanes_.end()) return *found->second;
  if (lanes_.size() >= kMaxIdleLanes) {
    absl::erase_if(lanes_, [](const auto& entry) {
      return entry.second->queued.empty() && !entry.second->is_announced;
    });
  }
  auto lane = std::make_unique<Lane>(Lane{.topic = topic, .qos = qos});
  std::pair<absl::string_view, QoS> key(lane->topic, qos);
  return *lanes_.emplace(key, std::move(lane)).first->second;
}

void ReplySender::Announce(Lane& lane) {
  if (std::exchange(lane.is_announced, true)) return;
  auto sent = std::make_shared<Sent>();
  transport_.Publish(
      [self = shared_from_this(), &lane, sent] { return self->Compose(lane, *sent); },
      [self = shared_from_this(), &lane, sent](absl::StatusOr<ReasonCode> ack) {
        self->OnAck(lane, *sent, ack);
      });
}

std::optional<Message> ReplySender::Compose(Lane& lane, Sent& sent) {
  if (!on_end_) return std::nullopt;
  lane.is_announced = false;
  sent.is_composed = true;
  std::optional<Message> message;
  while (!message.has_value() && !lane.queued.empty()) {
    OutgoingReply reply = std::move(lane.queued.front());
    lane.queued.pop_front();
    absl::Duration remaining = reply.deadline - transport_.loop().Now();
    if (remaining <= absl::ZeroDuration()) {
      Lose(absl::DeadlineExceededError("its caller waits no more"));
      continue;
    }
    message = wire::EncodeReply(reply.to, remaining, std::move(reply.result), reply.ran);
    sent.replies.push_back(std::move(reply));
  }
  if (!lane.queued.empty()) Announce(lane);
  return message;
}

void ReplySender::OnAck(Lane& lane, Sent& sent, const absl::StatusOr<ReasonCode>& ack) {
  if (!on_end_) return;
  absl::Status status = ack.ok() ? wire::StatusOfAck(*ack, lane.topic) : ack.status();
  if (!sent.is_composed) {  // the transport has no room for it
    lane.is_announced = false;
    for (; !lane.queued.empty(); lane.queued.pop_front()) Lose(status);
  }
  for (OutgoingReply& reply : sent.replies) {
    if (status.ok()) {
      on_end_();
    } else {
      OnRefusal(std::move(reply), status);
    }
  }
}

void ReplySender::OnRefusal(OutgoingReply reply, const absl::Status& status) {
  if (!absl::IsResourceExhausted(status) || !reply.result.ok()) return Lose(status);
  // An error that says so is small, and the caller learns why nothing else comes.
  counters_.replies_lost.Add();
  reply.result = absl::ResourceExhaustedError(status.message());
  Queue(std::move(reply));
}

void ReplySender::Lose(const absl::Status& why) {
  counters_.replies_lost.Add();
  log_(LogLevel::kDebug, absl::StrCat("a reply was lost: ", why.ToString()));
  on_end_();
}

}  // namespace mqrpc::internal

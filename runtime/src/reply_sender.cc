#include "reply_sender.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "metadata_wire.h"

namespace mqrpc::internal {
namespace {

// Topics that have been answered to, kept ready for the next reply.
constexpr size_t kMaxIdleLanes = 256;

// Of what a message has of it, besides its frame.
size_t BytesOf(const OutgoingReply& reply) {
  size_t bytes = reply.answer.result.ok() ? reply.answer.result->size() : 0;
  const wire::SharedMetadata& metadata = reply.answer.metadata;
  if (metadata == nullptr) return bytes;
  return bytes + wire::SizeOf(metadata->headers) + wire::SizeOf(metadata->trailers);
}

}  // namespace

void ReplySender::Queue(OutgoingReply reply) {
  if (!on_end_) return Lose(absl::CancelledError("the server has gone"));
  counters_->answered.Add();
  Lane& lane = LaneTo(reply.to.topic.text(), reply.to.qos);
  lane.queued.push_back(std::move(reply));
  Announce(lane);
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
  lane.is_announced = false;
  sent.is_composed = true;
  absl::Time now = transport_.loop().Now();
  absl::Time last = now;  // of their deadlines
  sent.replies.reserve(std::min(lane.queued.size(), wire::kMaxBatchCalls));
  auto next = lane.queued.begin();
  for (; next != lane.queued.end(); ++next) {
    if (next->deadline <= now) {
      Lose(absl::DeadlineExceededError("its caller waits no more"));
      continue;
    }
    size_t size = BytesOf(*next);
    bool is_full = sent.bytes + size > lane.most_bytes;
    if (!sent.replies.empty() && (is_full || !MayJoin(sent, *next))) break;
    sent.bytes += size;
    last = std::max(last, next->deadline);
    sent.replies.push_back(std::move(*next));
  }
  lane.queued.erase(lane.queued.begin(), next);
  if (!lane.queued.empty()) Announce(lane);
  if (sent.replies.empty()) return std::nullopt;
  return Encode(lane, sent, last - now);
}

bool ReplySender::MayJoin(const Sent& sent, const OutgoingReply& next) {
  return sent.replies.front().to.is_in_batch && next.to.is_in_batch &&
         sent.replies.size() < wire::kMaxBatchCalls;
}

Message ReplySender::Encode(const Lane& lane, Sent& sent, absl::Duration remaining) {
  if (sent.replies.size() == 1) {
    OutgoingReply& reply = sent.replies.front();
    return wire::EncodeReply(
        reply.to,
        remaining,
        std::move(reply.answer.result),
        reply.ran,
        reply.answer.metadata);
  }
  wire::BatchWriter batch;
  batch.Reserve(sent.replies.size(), sent.bytes);
  for (const OutgoingReply& reply : sent.replies) {
    batch.AddReply(reply.to, reply.answer.result, reply.ran, reply.answer.metadata);
  }
  return batch.TakeReplies(lane.topic, lane.qos, remaining);
}

void ReplySender::OnAck(Lane& lane, Sent& sent, const absl::StatusOr<ReasonCode>& ack) {
  absl::Status status = ack.ok() ? wire::StatusOfAck(*ack, lane.topic) : ack.status();
  if (!sent.is_composed) {  // the transport has no room for it
    lane.is_announced = false;
    size_t lost = std::exchange(lane.queued, {}).size();
    while (lost-- > 0) Lose(status);
  }
  bool is_too_large = sent.replies.size() > 1 && wire::IsTooLarge(ack);
  if (is_too_large) lane.most_bytes = sent.bytes / 2;
  for (OutgoingReply& reply : sent.replies) {
    if (status.ok()) {
      End();
    } else if (is_too_large) {
      Queue(std::move(reply));
    } else {
      OnRefusal(std::move(reply), status);
    }
  }
}

void ReplySender::OnRefusal(OutgoingReply reply, const absl::Status& status) {
  if (!absl::IsResourceExhausted(status) || !reply.answer.result.ok()) return Lose(status);
  // An error that says so is small, and the caller learns why nothing else comes.
  counters_->replies_lost.Add();
  reply.answer = {.result = absl::ResourceExhaustedError(status.message())};
  Queue(std::move(reply));
}

void ReplySender::Lose(const absl::Status& why) {
  counters_->replies_lost.Add();
  log_(LogLevel::kDebug, absl::StrCat("a reply was lost: ", why.ToString()));
  End();
}

void ReplySender::End() {
  if (on_end_) on_end_();
}

}  // namespace mqrpc::internal

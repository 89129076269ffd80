#include "request_sender.h"

#include <utility>

#include "wire.h"

namespace mqrpc::internal {

RequestSender::RequestSender(
    Transport& transport,
    const ChannelOptions& options,
    uint64_t nonce,
    PendingCalls& pending,
    ReplyTopics& reply_topics,
    Events& events)
    : transport_(transport),
      nonce_(nonce),
      pending_(pending),
      reply_topics_(reply_topics),
      events_(&events),
      routes_(options.prefix, options.max_unanswered) {}

void RequestSender::Admit(PendingCall& call) {
  call.route = &routes_.Find(call.service, call.method, call.qos);
  if (call.route->service.window.Enter(call.id)) Send(call);
}

void RequestSender::Send(PendingCall& call) {
  ++call.sending;
  Queue(call);
}

void RequestSender::Withdraw(PendingCall& call) { call.route->queued.erase(call.id); }

void RequestSender::Remove(PendingCall& call) {
  Withdraw(call);
  if (call.reply_topic != nullptr) reply_topics_.Release(*call.reply_topic);
  std::optional<CallId> next = call.route->service.window.Leave(call.id);
  if (next.has_value()) Send(*pending_.Find(*next));
}

void RequestSender::Close() { events_ = nullptr; }

void RequestSender::Queue(PendingCall& call) {
  call.stage = PendingCall::Stage::kQueued;
  pending_.SetAlarm(call, call.deadline);
  call.route->queued.insert(call.id);
  Announce(*call.route);
}

void RequestSender::Announce(Route& route) {
  if (std::exchange(route.is_announced, true)) return;
  auto sent = std::make_shared<Sent>();
  transport_.Publish(
      [self = shared_from_this(), &route, sent] { return self->Compose(route, *sent); },
      [self = shared_from_this(), &route, sent](absl::StatusOr<ReasonCode> ack) {
        self->OnAck(route, *sent, ack);
      });
}

std::optional<Message> RequestSender::Compose(Route& route, Sent& sent) {
  if (events_ == nullptr) return std::nullopt;
  route.is_announced = false;
  sent.is_composed = true;
  std::optional<Message> message;
  absl::Time now = transport_.loop().Now();
  while (!message.has_value() && !route.queued.empty()) {
    PendingCall& call = *pending_.Find(*route.queued.begin());
    route.queued.erase(route.queued.begin());
    if (call.deadline <= now) continue;  // the timer is about to say so
    if (call.until == Until::kReply && !TakeReplyTopic(call)) continue;
    call.stage = PendingCall::Stage::kSent;
    sent.id = call.id;
    sent.sending = call.sending;
    message = Encode(call, now);
    events_->OnSent(call);
  }
  if (!route.queued.empty()) Announce(route);
  return message;
}

Message RequestSender::Encode(PendingCall& call, absl::Time now) {
  wire::RequestFrame frame = {.remaining = call.deadline - now, .attempt = call.sending};
  std::optional<std::string> reply_topic;
  if (call.until == Until::kReply) {
    frame.correlation = wire::Correlation(nonce_, call.id);
    reply_topic = call.reply_topic->name;
  }
  bool is_last = call.retry.max_attempts == 1 && !call.wait_for_ready &&
                 call.idempotency == Idempotency::kUnknown;
  frame.payload = is_last ? std::move(call.payload) : call.payload;
  return wire::EncodeRequest(call.route->topic, std::move(reply_topic), call.qos, std::move(frame));
}

// Only now, with the connection that the request leaves on, is it known which. If that is still to
// be subscribed, the request is queued once more behind it.
bool RequestSender::TakeReplyTopic(PendingCall& call) {
  if (call.reply_topic != nullptr) return true;
  call.reply_topic = reply_topics_.Current();
  if (call.reply_topic == nullptr) {
    transport_.loop().Post(
        [self = shared_from_this(), id = call.id] { self->PrepareReplyTopic(id); });
    return false;
  }
  reply_topics_.Hold(*call.reply_topic);
  return true;
}

void RequestSender::PrepareReplyTopic(CallId id) {
  PendingCall* call = events_ == nullptr ? nullptr : pending_.Find(id);
  if (call == nullptr) return;
  absl::Status status = reply_topics_.Prepare();
  if (!status.ok()) return events_->OnUnsendable(id, std::move(status));
  Queue(*call);
}

void RequestSender::OnAck(Route& route, const Sent& sent, const absl::StatusOr<ReasonCode>& ack) {
  if (events_ == nullptr) return;
  if (sent.is_composed) return events_->OnAck(sent.id, sent.sending, ack);
  // The transport has no room for it.
  route.is_announced = false;
  auto refused = std::exchange(route.queued, {});
  for (CallId id : refused) {
    events_->OnUnsendable(id, absl::Status(ack.status().code(), ack.status().message()));
  }
}

}  // namespace mqrpc::internal

#include "request_sender.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "batch.h"
#include "call_stream.h"
#include "metadata_wire.h"

namespace mqrpc::internal {
namespace {

// How long after having asked a service whether it takes batches, or having found that it does not.
constexpr absl::Duration kAskAgain = absl::Seconds(1);

// Of what a message has of it, besides its frame.
size_t BytesOf(const PendingCall& call) { return call.payload.size() + wire::SizeOf(call.headers); }

}  // namespace

RequestSender::RequestSender(
    Transport& transport,
    const ChannelOptions& options,
    uint64_t nonce,
    PendingCalls& pending,
    ReplyTopics& reply_topics,
    Events& events)
    : transport_(transport),
      max_batch_calls_(options.max_batch_calls),
      nonce_(nonce),
      pending_(pending),
      reply_topics_(reply_topics),
      events_(&events),
      routes_(options.prefix, options.max_unanswered) {}

void RequestSender::Admit(PendingCall& call) {
  call.route =
      routes_.Find({call.service, call.method, call.instance.text(), call.topic.text(), call.qos});
  if (call.route->service->window.Enter(call.id)) Send(call);
}

void RequestSender::Send(PendingCall& call) {
  ++call.sending;
  LeaveBatch(call);
  Queue(call);
}

void RequestSender::Withdraw(PendingCall& call) { call.route->queued.erase(call.id); }

void RequestSender::Cancel(const PendingCall& call) {
  bool has_left = call.stage >= PendingCall::Stage::kSent || call.may_have_run;
  if (call.until == Until::kAccepted || call.reply_topic == nullptr || !has_left) return;
  Message message = wire::EncodeCancel(
      call.route->cancel_topic,
      call.reply_topic->name,
      wire::Correlation(nonce_, call.id),
      call.qos,
      call.deadline - transport_.loop().Now());
  // Whether it arrives nobody can say: the handler's deadline is what is certain.
  transport_.Publish(
      [message = std::move(message)]() mutable { return std::move(message); },
      [](const absl::StatusOr<ReasonCode>&) {});
}

void RequestSender::Remove(PendingCall& call) {
  Withdraw(call);
  LeaveBatch(call);
  if (call.reply_topic != nullptr) reply_topics_.Release(*call.reply_topic);
  std::optional<CallId> next = call.route->service->window.Leave(call.id);
  if (next.has_value()) Send(*pending_.Find(*next));
}

void RequestSender::Close() { events_ = nullptr; }

void RequestSender::Queue(PendingCall& call) {
  call.stage = PendingCall::Stage::kQueued;
  pending_.SetAlarm(call, call.deadline);
  call.route->queued.insert(call.id);
  Announce(call.route);
}

void RequestSender::Announce(const std::shared_ptr<Route>& route) {
  if (std::exchange(route->is_announced, true)) return;
  auto sent = std::make_shared<Sent>();
  transport_.Publish(
      [self = shared_from_this(), route, sent] { return self->Compose(route, *sent); },
      [self = shared_from_this(), route, sent](absl::StatusOr<ReasonCode> ack) {
        self->OnAck(*route, *sent, ack);
      });
}

std::optional<Message> RequestSender::Compose(const std::shared_ptr<Route>& route, Sent& sent) {
  if (events_ == nullptr) return std::nullopt;
  route->is_announced = false;
  sent.is_composed = true;
  absl::Time now = transport_.loop().Now();
  Taken calls = Take(*route, now);
  if (!route->queued.empty()) Announce(route);
  if (calls.empty()) return std::nullopt;
  for (const PendingCall* call : calls) sent.bytes += BytesOf(*call);
  Message message = Encode(*route, calls, sent.bytes, now);
  for (PendingCall* call : calls) {
    sent.calls.push_back({call->id, call->sending});
    call->stage = PendingCall::Stage::kSent;
    events_->OnSent(*call);
  }
  return message;
}

// The first that waits, and with it those that may share its message.
RequestSender::Taken RequestSender::Take(Route& route, absl::Time now) {
  Taken calls;
  size_t most = MostTogether(route);
  size_t bytes = 0;
  while (!route.queued.empty() && calls.size() < most) {
    auto first = route.queued.begin();
    PendingCall& call = *pending_.Find(*first);
    bool is_late = call.deadline <= now;  // the timer is about to say so
    if (!is_late && (call.until == Until::kAccepted || TakeReplyTopic(call))) {
      bytes += BytesOf(call);
      if (!calls.empty() && (bytes > route.service->most_bytes || !MayJoin(call, *calls.front())))
        break;
      calls.push_back(&call);
    }
    route.queued.erase(first);
  }
  return calls;
}

bool RequestSender::MayJoin(const PendingCall& call, const PendingCall& first) {
  return call.shares_messages && first.shares_messages && call.reply_topic == first.reply_topic;
}

// A message goes to one server of the group: so the more are to share it, the more must be under
// way besides.
size_t RequestSender::MostTogether(const Route& route) const {
  return std::min(route.service->most_in_batch, 1 + route.service->window.unanswered() / 4);
}

Message RequestSender::Encode(Route& route, const Taken& calls, size_t bytes, absl::Time now) {
  if (calls.size() == 1) return EncodeAlone(*calls.front(), now);
  wire::BatchWriter batch;
  auto fate = std::make_shared<BatchFate>(BatchFate{.under_way = calls.size()});
  absl::Time last = now;  // of their deadlines
  batch.Reserve(calls.size(), bytes);
  for (PendingCall* call : calls) {
    std::array<char, 16> correlation = wire::CorrelationBytes(nonce_, call->id);
    std::string_view name(correlation.data(), correlation.size());
    if (call->until == Until::kAccepted) name = {};
    batch.AddRequest(name, call->deadline - now, call->sending, call->payload, call->headers);
    last = std::max(last, call->deadline);
    call->batch = fate;
  }
  std::optional<std::string> reply_topic;
  if (const ReplyTopic* topic = calls.front()->reply_topic) reply_topic = topic->name;
  return batch.TakeRequests(route.batch_topic, std::move(reply_topic), route.qos, last - now);
}

Message RequestSender::EncodeAlone(PendingCall& call, absl::Time now) {
  wire::RequestFrame frame = {.remaining = call.deadline - now, .attempt = call.sending};
  if (call.until == Until::kReply) frame.correlation = wire::Correlation(nonce_, call.id);
  bool is_last = call.retry.max_attempts == 1 && !call.wait_for_ready &&
                 call.idempotency == Idempotency::kUnknown;
  frame.payload = is_last ? std::move(call.payload) : call.payload;
  frame.headers = call.headers;
  frame.content_type = wire::ContentTypeOf(call.encoding);
  if (call.stream != nullptr) {
    frame.credit = call.stream->credit();
    frame.streams_requests = call.stream->writes();
  }
  std::optional<std::string> reply_topic;
  if (call.reply_topic != nullptr) reply_topic = call.reply_topic->name;
  // A call that is alone has no use for the answer.
  CalledService& service = *call.route->service;
  frame.asks_for_batches = max_batch_calls_ > 1 && call.shares_messages &&
                           service.most_in_batch <= 1 && call.until == Until::kReply &&
                           service.window.unanswered() > 1 && now >= service.asks_from;
  if (frame.asks_for_batches) service.asks_from = now + kAskAgain;
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
  if (!sent.is_composed) return OnNoRoom(route, ack.status());
  bool is_taken =
      ack.ok() && static_cast<int>(*ack) < 0x80 && *ack != ReasonCode::kNoMatchingSubscribers;
  bool is_lost = absl::IsUnavailable(ack.status());
  if (sent.calls.size() > 1 && !is_taken && !is_lost) return SendAgain(route, sent, ack);
  for (const Sent::Call& call : sent.calls) events_->OnAck(call.id, call.sending, ack);
}

void RequestSender::OnNoRoom(Route& route, const absl::Status& status) {
  route.is_announced = false;
  auto refused = std::exchange(route.queued, {});
  for (CallId id : refused) {
    events_->OnUnsendable(id, absl::Status(status.code(), status.message()));
  }
}

// The broker has refused a batch, which so has not run: in smaller ones if it was too large, or
// singly, so that each of its calls learns its own reason.
void RequestSender::SendAgain(
    Route& route,
    const Sent& sent,
    const absl::StatusOr<ReasonCode>& refusal) {
  if (wire::IsTooLarge(refusal)) {
    route.service->most_bytes = sent.bytes / 2;
  } else {
    StopBatches(*route.service);
  }
  for (const Sent::Call& refused : sent.calls) {
    PendingCall* call = pending_.Find(refused.id);
    if (call == nullptr || call->sending != refused.sending) continue;
    LeaveBatch(*call);
    Queue(*call);
  }
}

void RequestSender::StopBatches(CalledService& service) {
  service.most_in_batch = 1;
  service.asks_from = transport_.loop().Now() + kAskAgain;
}

void RequestSender::NoteReply(PendingCall& call, uint32_t most_in_batch) {
  if (call.batch != nullptr) call.batch->has_reply = true;
  if (most_in_batch > 0) {
    call.route->service->most_in_batch = std::min<size_t>(most_in_batch, max_batch_calls_);
  }
}

void RequestSender::NoteExpiry(PendingCall& call) {
  if (call.batch != nullptr) call.batch->has_expired = true;
}

// A batch of which nothing is ever heard may be one that a broker's rights drop silently.
void RequestSender::LeaveBatch(PendingCall& call) {
  std::shared_ptr<BatchFate> batch = std::exchange(call.batch, nullptr);
  if (batch == nullptr || --batch->under_way > 0) return;
  if (batch->has_expired && !batch->has_reply) StopBatches(*call.route->service);
}

}  // namespace mqrpc::internal

#include "channel_core.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "run_in_loop.h"
#include "text.h"
#include "topic.h"
#include "wire.h"

namespace mqrpc::internal {
namespace {

absl::Status CheckTimeout(absl::string_view what, absl::Duration timeout) {
  if (timeout > absl::ZeroDuration() && timeout <= wire::kMaxTimeout) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what,
      " is ",
      absl::FormatDuration(timeout),
      "; a timeout is more than zero and at most 2147483647 ms"));
}

absl::Status CheckOptions(const ChannelOptions& options) {
  if (absl::Status status = CheckPrefix("ChannelOptions::prefix", options.prefix); !status.ok()) {
    return status;
  }
  if (options.max_outstanding_calls == 0) {
    return absl::InvalidArgumentError(
        "ChannelOptions::max_outstanding_calls is 0; no call could ever be made");
  }
  if (options.max_unanswered == 0) {
    return absl::InvalidArgumentError(
        "ChannelOptions::max_unanswered is 0; no call could ever be sent");
  }
  return CheckTimeout("ChannelOptions::timeout", options.timeout);
}

uint64_t SystemRandom() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

ChannelCore::ChannelCore(Transport& transport, ChannelOptions options)
    : transport_(transport),
      options_(std::move(options)),
      status_(CheckOptions(options_)),
      reply_topic_(wire::ReplyTopic(options_.prefix, transport.client_id())),
      nonce_(options_.random ? options_.random() : SystemRandom()),
      own_executor_(options_.executor == nullptr ? std::make_shared<ThreadPool>(1) : nullptr),
      executor_(own_executor_, own_executor_ ? own_executor_.get() : options_.executor),
      outstanding_(std::make_shared<OutstandingCalls>(options_.max_outstanding_calls)),
      window_(options_.max_unanswered) {}

void ChannelCore::Open() {
  transport_.loop().Post([self = shared_from_this()] {
    if (self->closed_) return;
    // Close() unsubscribes before the core goes: the callbacks need not hold it.
    self->subscription_ = self->transport_.Subscribe(
        {.filter = self->reply_topic_,
         .on_message = [core = self.get()](Message reply) { core->OnReply(std::move(reply)); },
         .on_state = [core = self.get()](const absl::Status& s) { core->OnReplyTopic(s); }});
  });
}

void ChannelCore::Close() {
  RunInLoop(transport_.loop(), [this] {
    closed_ = true;
    if (subscription_ != 0) transport_.Unsubscribe(subscription_, nullptr);
    transport_.loop().CancelTimer(timer_);
    for (PendingCall& call : pending_.TakeFrom(PendingCall::Stage::kQueued)) {
      Finish(std::move(call), absl::CancelledError("the channel was destroyed"));
    }
    RunContinuations();
  });
  if (own_executor_ != nullptr) own_executor_->Stop();
}

std::shared_ptr<CallState> ChannelCore::Start(
    const Method& method,
    absl::StatusOr<std::string> request,
    const CallOptions& options) {
  absl::Duration timeout = options.timeout.value_or(options_.timeout);
  absl::Status status = status_;
  if (status.ok()) status = request.status();
  if (status.ok()) status = CheckTimeout("CallOptions::timeout", timeout);
  if (!status.ok()) return std::make_shared<CallState>(std::move(status));
  if (!outstanding_->TryAdd()) {
    return std::make_shared<CallState>(absl::ResourceExhaustedError(absl::StrCat(
        "ChannelOptions::max_outstanding_calls (",
        options_.max_outstanding_calls,
        ") calls have not been taken yet")));
  }
  calls_started_.fetch_add(1, std::memory_order_relaxed);
  CallId id = next_id_.fetch_add(1, std::memory_order_relaxed);
  auto state = std::make_shared<CallState>(*this, id, executor_, outstanding_);
  PendingCall call = {
      .id = id,
      .state = state,
      .method = method,
      .payload = *std::move(request),
      .qos = options.qos.value_or(options_.qos),
      .timeout = timeout,
      .deadline = transport_.loop().Now() + timeout};
  transport_.loop().Post([self = shared_from_this(), call = std::move(call)]() mutable {
    self->Admit(std::move(call));
  });
  return state;
}

void ChannelCore::PostCancel(CallId id) {
  transport_.loop().Post([self = shared_from_this(), id] {
    self->End(id, absl::CancelledError("the call was cancelled"));
  });
}

void ChannelCore::Admit(PendingCall call) {
  if (closed_) return Complete(std::move(call), absl::CancelledError("the channel was destroyed"));
  if (!reply_topic_refused_.ok()) return Complete(std::move(call), reply_topic_refused_);
  const PendingCall& pending = pending_.Insert(std::move(call));
  if (window_.Enter(pending.method.service, pending.id)) Send(pending.id);
  ArmTimer();
}

void ChannelCore::Send(CallId id) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr) return;
  call->publish_id = transport_.Publish(
      [self = shared_from_this(), id] { return self->Compose(id); },
      [self = shared_from_this(), id](absl::StatusOr<ReasonCode> ack) { self->OnAck(id, ack); });
}

std::optional<Message> ChannelCore::Compose(CallId id) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr) return std::nullopt;
  absl::Duration remaining = call->deadline - transport_.loop().Now();
  if (remaining <= absl::ZeroDuration()) return std::nullopt;  // the timer is about to say so
  call->stage = PendingCall::Stage::kSent;
  return wire::EncodeRequest(
      wire::RequestTopic(options_.prefix, call->method),
      reply_topic_,
      call->qos,
      {.correlation = wire::Correlation(nonce_, id),
       .remaining = remaining,
       .payload = std::move(call->payload)});
}

void ChannelCore::OnAck(CallId id, const absl::StatusOr<ReasonCode>& ack) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr) return;
  absl::Status status = ack.status();
  if (ack.ok() && *ack != ReasonCode::kSuccess) {
    status = wire::StatusOfAck(*ack, wire::RequestTopic(options_.prefix, call->method));
  }
  if (absl::IsUnavailable(ack.status())) status = OutcomeUnknown(status, *call);
  if (!status.ok()) return End(id, std::move(status));
  call->stage = PendingCall::Stage::kAccepted;
}

void ChannelCore::OnReply(Message message) {
  if (message.retain) {
    ++retained_replies_;
    options_.log(LogLevel::kDebug, "dropped a retained reply");
    return;
  }
  std::optional<wire::ParsedCorrelation> correlation =
      wire::ParseCorrelation(message.correlation_data.value_or(""));
  if (!correlation.has_value() || correlation->nonce != nonce_) {
    ++unknown_replies_;
    return;
  }
  std::optional<PendingCall> call = pending_.Take(correlation->call);
  if (!call.has_value()) {
    ++late_replies_;
    options_.log(LogLevel::kDebug, "dropped a reply to a call that has ended");
    return;
  }
  Finish(*std::move(call), wire::DecodeReply(std::move(message)).result);
}

void ChannelCore::OnReplyTopic(const absl::Status& status) {
  reply_topic_refused_ = absl::IsUnavailable(status) ? absl::OkStatus() : status;
  if (status.ok()) return;
  if (reply_topic_refused_.ok()) {
    // The connection is lost: replies to what has left may be, too. The rest waits for the next
    // one.
    for (PendingCall& call : pending_.TakeFrom(PendingCall::Stage::kSent)) {
      absl::Status unknown = OutcomeUnknown(status, call);
      Finish(std::move(call), std::move(unknown));
    }
    return;
  }
  for (PendingCall& call : pending_.TakeFrom(PendingCall::Stage::kQueued)) {
    transport_.Withdraw(call.publish_id);
    Finish(std::move(call), status);
  }
}

void ChannelCore::OnTimer() {
  timer_ = 0;
  timer_at_ = absl::InfiniteFuture();
  absl::Time now = transport_.loop().Now();
  while (std::optional<CallId> id = pending_.FirstExpired(now)) {
    PendingCall call = *pending_.Take(*id);
    transport_.Withdraw(call.publish_id);
    constexpr const char* kReached[] = {
        "not sent yet",
        "sent, but not acknowledged by the broker",
        "taken by the broker"};
    std::string text = absl::StrCat(
        "no reply from ",
        Describe(call),
        " within ",
        absl::FormatDuration(call.timeout),
        "; the request was ",
        kReached[static_cast<int>(call.stage)]);
    Finish(std::move(call), absl::DeadlineExceededError(text));
  }
  ArmTimer();
}

// A timer that comes too early, since its call has ended, costs one turn; most calls cost none.
void ChannelCore::ArmTimer() {
  absl::Time next = pending_.NextDeadline();
  if (next >= timer_at_) return;
  transport_.loop().CancelTimer(timer_);
  timer_at_ = next;
  timer_ = transport_.loop().RunAt(next, [self = shared_from_this()] { self->OnTimer(); });
}

void ChannelCore::End(CallId id, CallState::Result result) {
  std::optional<PendingCall> call = pending_.Take(id);
  if (!call.has_value()) return;
  transport_.Withdraw(call->publish_id);
  Finish(*std::move(call), std::move(result));
}

// For calls that have been in the window.
void ChannelCore::Finish(PendingCall call, CallState::Result result) {
  if (std::optional<CallId> next = window_.Leave(call.method.service, call.id)) Send(*next);
  Complete(std::move(call), std::move(result));
}

void ChannelCore::Complete(PendingCall call, CallState::Result result) {
  calls_completed_.fetch_add(1, std::memory_order_relaxed);
  absl::AnyInvocable<void()> continuation = call.state->Complete(std::move(result));
  if (!continuation) return;
  continuations_.push_back(std::move(continuation));
  if (closed_) return RunContinuations();
  if (continuations_.size() > 1) return;  // posted already
  transport_.loop().Post([self = shared_from_this()] { self->RunContinuations(); });
}

// All that a round's input has completed, at once.
void ChannelCore::RunContinuations() {
  auto continuations = std::exchange(continuations_, {});
  if (own_executor_ != nullptr) return own_executor_->RunAll(std::move(continuations));
  for (auto& continuation : continuations) executor_->Run(std::move(continuation));
}

absl::Status ChannelCore::OutcomeUnknown(const absl::Status& lost, const PendingCall& call) const {
  return absl::UnavailableError(
      absl::StrCat(lost.message(), "; the outcome of the call to ", Describe(call), " is unknown"));
}

std::string ChannelCore::Describe(const PendingCall& call) const {
  return absl::StrCat(View(call.method.service), "/", View(call.method.name));
}

ChannelStats ChannelCore::stats() const {
  return {
      .calls_started = calls_started_,
      .calls_completed = calls_completed_,
      .late_replies = late_replies_,
      .unknown_replies = unknown_replies_,
      .retained_replies = retained_replies_};
}

}  // namespace mqrpc::internal

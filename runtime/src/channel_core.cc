#include "channel_core.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "call_failure.h"
#include "call_plan.h"
#include "call_stream.h"
#include "from_now.h"
#include "metadata_wire.h"
#include "query_state.h"
#include "run_in_loop.h"
#include "stream_wire.h"
#include "wire.h"

namespace mqrpc::internal {
namespace {

constexpr char kShutDown[] = "the channel was shut down";

uint64_t SystemRandom() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace

ChannelCore::ChannelCore(Transport& transport, ChannelOptions options)
    : transport_(transport),
      options_(std::move(options)),
      status_(CheckChannelOptions(options_)),
      random_(options_.random ? options_.random : SystemRandom),
      nonce_(random_()),
      own_executor_(options_.executor == nullptr ? std::make_shared<ThreadPool>(1) : nullptr),
      executor_(own_executor_, own_executor_ ? own_executor_.get() : options_.executor),
      intake_(*this, options_, counters_, executor_),
      reply_topics_(transport_, options_),
      sender_(std::make_shared<
              RequestSender>(transport_, options_, nonce_, pending_, reply_topics_, *this)),
      budget_(options_.retries_per_hundred_calls, options_.max_saved_retries) {}

void ChannelCore::Open() {
  transport_.loop().Post([self = shared_from_this()] {
    if (self->closed_) return;
    // Close() closes them before the core goes: the callbacks need not hold it.
    self->reply_topics_.Open(
        [core = self.get()](Message reply) { core->OnReply(std::move(reply)); },
        [core = self.get()](const ReplyTopic& topic, const absl::Status& state) {
          core->OnReplyTopic(topic, state);
        });
  });
}

void ChannelCore::Shutdown(absl::Duration grace) {
  is_shut_down_ = true;
  if (!InLoop()) {
    auto until = FromNow(grace);
    RunInLoop(transport_.loop(), [this] {
      AdmitArrived();
      NoteDrained();
    });
    MutexLock lock(mutex_);
    while (!is_drained_ && std::chrono::steady_clock::now() < until) {
      changed_.WaitUntil(mutex_, until);
    }
  }
  Close();
}

void ChannelCore::NoteDrained() {
  if (!is_shut_down_ || !pending_.empty()) return;
  MutexLock lock(mutex_);
  is_drained_ = true;
  changed_.NotifyAll();
}

void ChannelCore::Close() {
  RunInLoop(transport_.loop(), [this] {
    closed_ = true;
    transport_.loop().CancelTimer(timer_);
    for (CallId id : pending_.IdsFrom(PendingCall::Stage::kBackingOff)) {
      Cancel(id, kShutDown);
    }
    reply_topics_.Close();
    sender_->Close();
    RunContinuations();
  });
  if (own_executor_ != nullptr) own_executor_->Stop();
}

std::shared_ptr<CallState> ChannelCore::Start(NewCall call) {
  auto [state, is_first] = Arrive(std::move(call));
  if (is_first) PostAdmission();
  return std::move(state);
}

CallState::Result ChannelCore::StartAndWait(NewCall call) {
  auto [state, is_first] = Arrive(std::move(call));
  bool is_alone = is_first && intake_.outstanding() == 1;
  bool has_run = is_alone && transport_.loop().Borrow(
                                 [this] { AdmitArrived(); },
                                 [state = state.get()] { return state->is_complete(); });
  if (is_first && !has_run) PostAdmission();
  return state->Wait();
}

CallIntake::Arrival ChannelCore::Arrive(NewCall call) {
  if (!status_.ok()) return intake_.Refuse(call, status_);
  if (is_shut_down_) return intake_.Refuse(call, absl::FailedPreconditionError(kShutDown));
  return intake_.Add(std::move(call), transport_.loop().Now());
}

void ChannelCore::PostAdmission() {
  transport_.loop().Post([self = shared_from_this()] { self->AdmitArrived(); });
}

std::shared_ptr<QueryState> ChannelCore::MakeQuery(const QueryOptions& options) {
  return std::make_shared<QueryState>(transport_.loop(), executor_, options);
}

std::shared_ptr<CallStream> ChannelCore::MakeStream(const Method& method) {
  size_t most = method.max_message_size > 0 ? method.max_message_size : options_.max_message_size;
  StreamEnd::Options options = {
      .reads =
          {.window = {.frames = options_.max_unread_messages, .bytes = options_.max_unread_bytes},
           .max_message_size = most},
      .writes = {
          .max_message_size = most,
          .max_queued = options_.max_unread_messages,
          .outlives_connection = transport_.keeps_session()}};
  return std::make_shared<CallStream>(
      shared_from_this(),
      transport_,
      executor_,
      options,
      method.client_streaming);
}

void ChannelCore::PostIfOpen(EventLoop::Task task) {
  transport_.loop().Post([self = shared_from_this(), task = std::move(task)]() mutable {
    if (!self->closed_) task();
  });
}

void ChannelCore::PostCancel(CallId id) {
  transport_.loop().Post(
      [self = shared_from_this(), id] { self->Cancel(id, "the call was cancelled"); });
}

// Its server is told, so that nothing goes on running for nobody.
void ChannelCore::Cancel(CallId id, const char* why) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr) return;
  sender_->Cancel(*call);
  End(id, absl::CancelledError(why));
}

// All that were started since it was posted, in one turn.
void ChannelCore::AdmitArrived() {
  for (std::unique_ptr<PendingCall>& call : intake_.TakeAll()) Admit(std::move(call));
}

void ChannelCore::Admit(std::unique_ptr<PendingCall> call) {
  if (closed_) return Complete(*call, absl::CancelledError(kShutDown));
  PendingCall& pending = pending_.Insert(std::move(call));
  sender_->Admit(pending);
  ArmTimer();
  if (!pending.stop_token.stop_possible()) return;
  auto cancel = [state = pending.state] { state->Cancel(); };
  pending.stop_callback = std::make_unique<StopCallback>(pending.stop_token, std::move(cancel));
}

void ChannelCore::OnSent(PendingCall& call) {
  pending_.SetAlarm(call, transport_.loop().Now() + call.retry.attempt_timeout);
  ArmTimer();
}

void ChannelCore::OnUnsendable(CallId id, absl::Status status) { End(id, std::move(status)); }

void ChannelCore::OnAck(CallId id, uint32_t sending, const absl::StatusOr<ReasonCode>& ack) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr || call->sending != sending) return;
  // Its server's refusal has overtaken it, and says more.
  if (call->stage == PendingCall::Stage::kBackingOff) return;
  if (absl::IsUnavailable(ack.status())) return OnLoss(*call, ack.status());
  if (ack.ok() && *ack == ReasonCode::kSuccess) return OnAccepted(*call);
  absl::Status status = ack.status();
  if (ack.ok()) {
    status = wire::StatusOfAck(*ack, call->route->topic);
  }
  if (status.ok()) return OnAccepted(*call);
  bool is_nobody = ack.ok() && *ack == ReasonCode::kNoMatchingSubscribers;
  if (is_nobody && call->wait_for_ready) return BackOff(*call, std::move(status));
  End(id, call->may_have_run ? OutcomeUnknown(status, *call) : std::move(status));
}

void ChannelCore::OnAccepted(PendingCall& call) {
  call.stage = PendingCall::Stage::kAccepted;
  if (call.until == Until::kAccepted) return End(call.id, "");
  if (call.stream == nullptr || call.stream->is_open()) return;
  pending_.SetAlarm(call, transport_.loop().Now() + kStreamSilence);
  ArmTimer();
}

void ChannelCore::OnReply(Message message) {
  if (message.retain) {
    counters_.retained_replies.Add();
    options_.log(LogLevel::kDebug, "dropped a retained reply");
    return;
  }
  if (wire::IsPart(message)) return OnPart(std::move(message));
  if (!wire::IsBatch(message)) {
    std::string correlation = message.correlation_data.value_or("");
    size_t size = message.payload.size();
    return OnReply(correlation, size, wire::DecodeReply(std::move(message)));
  }
  for (wire::BatchedReply& frame : wire::DecodeReplies(message)) {
    size_t size = frame.reply.result.ok() ? frame.reply.result->size() : 0;
    OnReply(frame.correlation, size, std::move(frame.reply));
  }
}

void ChannelCore::OnReply(std::string_view correlation, size_t size, wire::Reply reply) {
  std::optional<wire::ParsedCorrelation> parsed = wire::ParseCorrelation(correlation);
  if (!parsed.has_value() || parsed->nonce != nonce_) return counters_.unknown_replies.Add();
  PendingCall* call = pending_.Find(parsed->call);
  bool is_refusal = reply.refused_attempt.has_value();
  bool is_old =
      is_refusal && call != nullptr &&
      (*reply.refused_attempt != call->sending || call->stage == PendingCall::Stage::kBackingOff);
  if (call == nullptr || is_old) {
    counters_.late_replies.Add();
    options_.log(LogLevel::kDebug, "dropped a reply to a call, or an attempt, that has ended");
    return;
  }
  sender_->NoteReply(*call, reply.most_in_batch);
  if (call->query != nullptr) return OnAnswer(*call, std::move(reply));
  if (is_refusal && MayRepeat(*call, reply.result.status())) {
    return BackOff(*call, std::move(reply.result).status());
  }
  if (is_refusal && call->may_have_run) {
    reply.result = OutcomeUnknown(reply.result.status(), *call);
  }
  if (reply.result.ok()) budget_.OnSuccess();
  if (call->stream != nullptr && reply.result.ok()) {
    absl::Status whole = call->stream->CheckLength(reply.stream_length);
    if (!whole.ok()) reply.result = std::move(whole);
  }
  absl::Status too_large = CheckMessageSize(options_, *call, "reply", size);
  if (!too_large.ok()) reply.result = std::move(too_large);
  if (reply.metadata != nullptr) OnMetadata(*call, *reply.metadata, reply.result);
  End(parsed->call, std::move(reply.result));
}

void ChannelCore::OnPart(Message message) {
  auto correlation = wire::ParseCorrelation(message.correlation_data.value_or(""));
  bool is_ours = correlation.has_value() && correlation->nonce == nonce_;
  if (!is_ours) return counters_.unknown_replies.Add();
  PendingCall* call = pending_.Find(correlation->call);
  if (call == nullptr || call->stream == nullptr) return counters_.late_replies.Add();
  if (!call->stream->is_open()) {
    sender_->NoteReply(*call, 0);
    call->stage = PendingCall::Stage::kAccepted;
    pending_.SetAlarm(*call, transport_.loop().Now() + kStreamBeat);
    ArmTimer();
  }
  wire::StreamAddress own = {
      .response_topic = call->reply_topic->name,
      .correlation = message.correlation_data,
      .content_type = wire::ContentTypeOf(call->encoding),
      .qos = call->qos};
  std::shared_ptr<CallStream> stream = call->stream;  // the call may end here
  stream->OnPart(wire::DecodePart(std::move(message)), std::move(own));
}

void ChannelCore::EndStream(CallId id, const absl::Status& why) {
  PendingCall* call = pending_.Find(id);
  if (call == nullptr) return;
  sender_->Cancel(*call);
  End(id, why);
}

// Its server may have gone.
void ChannelCore::OnStreamAlarm(PendingCall& call) {
  pending_.SetAlarm(call, transport_.loop().Now() + kStreamBeat);
  std::shared_ptr<CallStream> stream = call.stream;  // the call may end here
  if (stream->is_open()) return stream->Beat();
  EndStream(call.id, absl::UnavailableError("no server has answered the opening of the stream"));
}

// One of many; the servers that are still at it when they are enough are told so.
void ChannelCore::OnAnswer(PendingCall& call, wire::Reply reply) {
  ByteAnswer answer = {.responder = std::move(reply.responder), .result = std::move(reply.result)};
  if (answer.result.ok()) {
    absl::Status status = CheckMessageSize(options_, call, "reply", answer.result->size());
    if (!status.ok()) answer.result = std::move(status);
  }
  if (reply.metadata != nullptr) {
    OnMetadata(call, *reply.metadata, answer.result);
    answer.metadata = *reply.metadata;
  }
  if (!call.query->Add(std::move(answer))) return counters_.late_replies.Add();
  if (call.query->Completion() == QueryEnd::kNotYet) return;
  sender_->Cancel(call);
  End(call.id, "");
}

void ChannelCore::OnMetadata(
    PendingCall& call,
    const ReplyMetadata& metadata,
    CallState::Result& result) {
  for (const Metadata* part : {&metadata.headers, &metadata.trailers}) {
    absl::Status status =
        wire::CheckMetadataSize("ChannelOptions", options_.max_metadata_size, "reply", *part);
    if (!status.ok()) {
      result = std::move(status);
      return;
    }
  }
  if (call.reply_metadata != nullptr) *call.reply_metadata = metadata;
}

// After a refusal of its present attempt, which no handler has had.
bool ChannelCore::MayRepeat(PendingCall& call, const absl::Status& refusal) {
  if (!absl::IsUnavailable(refusal)) return false;
  if (call.stream != nullptr && call.stream->is_open()) return false;
  if (call.attempts >= call.retry.max_attempts || !budget_.TryRetry()) return false;
  ++call.attempts;
  return true;
}

void ChannelCore::BackOff(PendingCall& call, absl::Status refusal) {
  sender_->Withdraw(call);
  call.stage = PendingCall::Stage::kBackingOff;
  call.refusal = std::move(refusal);
  absl::Duration wait = call.retry.initial_backoff;
  for (int i = 0; i < call.waits && wait < call.retry.max_backoff; ++i) wait *= 2;
  ++call.waits;
  double part = 0.5 + 0.5 * static_cast<double>(random_()) / 0x1p64;
  wait = std::min(wait, call.retry.max_backoff) * part;
  pending_.SetAlarm(call, transport_.loop().Now() + wait);
  ArmTimer();
}

// The connection was lost, and with it perhaps the request, perhaps its reply.
void ChannelCore::OnLoss(PendingCall& call, const absl::Status& lost) {
  if (call.idempotency == Idempotency::kUnknown) return End(call.id, OutcomeUnknown(lost, call));
  Repeat(call);
}

void ChannelCore::Repeat(PendingCall& call) {
  call.may_have_run = true;
  counters_.retries.Add();
  sender_->Send(call);
}

void ChannelCore::OnReplyTopic(const ReplyTopic& topic, const absl::Status& status) {
  if (status.ok()) return;
  // Lost replies are those to what has left. The rest waits for the next connection.
  bool is_lost = absl::IsUnavailable(status);
  if (is_lost) sender_->ForgetBatches();
  auto from = is_lost ? PendingCall::Stage::kSent : PendingCall::Stage::kBackingOff;
  for (CallId id : pending_.IdsFrom(from)) {
    PendingCall& call = *pending_.Find(id);
    if (call.reply_topic != &topic) continue;
    if (is_lost) {
      OnLoss(call, status);
    } else {
      End(id, absl::Status(status.code(), status.message()));  // for other threads: none is shared
    }
  }
}

void ChannelCore::OnTimer() {
  timer_ = 0;
  timer_at_ = absl::InfiniteFuture();
  absl::Time now = transport_.loop().Now();
  while (std::optional<CallId> id = pending_.FirstDue(now)) {
    PendingCall& call = *pending_.Find(*id);
    if (call.deadline <= now) {
      sender_->NoteExpiry(call);
      End(*id, call.query != nullptr ? CallState::Result("") : Expired(call));
    } else {
      OnAlarm(call);
    }
  }
  ArmTimer();
}

// The end of a wait, or of the time that one attempt has.
void ChannelCore::OnAlarm(PendingCall& call) {
  pending_.SetAlarm(call, call.deadline);
  if (call.stage == PendingCall::Stage::kBackingOff) {
    counters_.retries.Add();
    return sender_->Send(call);
  }
  if (call.stream != nullptr && call.stage == PendingCall::Stage::kAccepted) {
    return OnStreamAlarm(call);
  }
  if (call.idempotency == Idempotency::kUnknown) return;
  if (call.attempts >= call.retry.max_attempts || !budget_.TryRetry()) return;
  ++call.attempts;
  sender_->NoteExpiry(call);
  Repeat(call);
}

// A timer that comes too early, since its call has ended, costs one turn; most calls cost none.
void ChannelCore::ArmTimer() {
  absl::Time next = pending_.NextAlarm();
  if (next >= timer_at_) return;
  transport_.loop().CancelTimer(timer_);
  timer_at_ = next;
  timer_ = transport_.loop().RunAt(next, [self = shared_from_this()] { self->OnTimer(); });
}

void ChannelCore::End(CallId id, CallState::Result result) {
  std::unique_ptr<PendingCall> call = pending_.Take(id);
  if (call == nullptr) return;
  sender_->Remove(*call);
  Complete(*call, std::move(result));
  NoteDrained();
}

void ChannelCore::Complete(PendingCall& call, CallState::Result result) {
  absl::Duration elapsed = transport_.loop().Now() - (call.deadline - call.timeout);
  if (!call.hooks.empty()) RunEndHooks(call.hooks, {result, *call.reply_metadata, elapsed});
  counters_.completed.Add();
  counters_.outcomes.Add(result.status().code());
  counters_.latency.Add(elapsed);
  intake_.NoteEnd(call);
  if (call.query != nullptr) call.query->Close(result);
  if (call.stream != nullptr) call.stream->Close(result.status());
  bool has_continuation = call.state->Complete(std::move(result));
  if (!has_continuation) return;
  completed_.push_back(call.state);
  if (closed_) return RunContinuations();
  if (completed_.size() > 1) return;  // posted already
  transport_.loop().Post([self = shared_from_this()] { self->RunContinuations(); });
}

// All that a round's input has completed, at once.
void ChannelCore::RunContinuations() {
  auto completed = std::exchange(completed_, {});
  if (own_executor_ == nullptr) {
    for (auto& state : completed) {
      executor_->Run([state = std::move(state)] { state->Continue(); });
    }
  } else if (!completed.empty()) {
    own_executor_->Run([completed = std::move(completed)]() mutable {
      for (auto& state : completed) std::exchange(state, nullptr)->Continue();
    });
  }
}

ChannelStats ChannelCore::stats() const {
  ChannelStats stats = counters_.Snapshot();
  stats.calls_outstanding = intake_.outstanding();
  stats.calls_waiting = sender_->calls_waiting();
  stats.request_bytes = intake_.request_bytes();
  return stats;
}

}  // namespace mqrpc::internal

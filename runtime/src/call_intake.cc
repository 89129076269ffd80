#include "call_intake.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "call_plan.h"
#include "message_size.h"
#include "metadata_wire.h"

namespace mqrpc::internal {
namespace {

// What has come of a stream cannot be taken back: so it is not sent again, unless no handler has
// had it.
void PlanStream(PendingCall& pending, std::shared_ptr<CallStream> stream) {
  pending.stream = std::move(stream);
  pending.idempotency = Idempotency::kUnknown;
  pending.qos = std::max(pending.qos, QoS::kAtLeastOnce);
  pending.shares_messages = false;
}

}  // namespace

CallIntake::CallIntake(
    ChannelCore& core,
    const ChannelOptions& options,
    ChannelCounters& counters,
    std::shared_ptr<Executor> executor)
    : core_(core),
      options_(options),
      counters_(counters),
      executor_(std::move(executor)),
      outstanding_(std::make_shared<OutstandingCalls>(options.max_outstanding_calls)) {}

CallIntake::Arrival CallIntake::Add(NewCall call, absl::Time now) {
  if (!call.request.ok()) return Refuse(call, call.request.status());
  return options_.interceptors.empty() ? Enter(std::move(call), now, {})
                                       : AddIntercepted(std::move(call), now);
}

CallIntake::Arrival CallIntake::AddIntercepted(NewCall call, absl::Time now) {
  OutgoingCall outgoing(call.method, call.options, *call.request);
  for (ClientInterceptor* interceptor : options_.interceptors) {
    interceptor->Intercept(outgoing);
    if (outgoing.answer().has_value()) break;
  }
  EndHooks hooks = std::move(outgoing).TakeHooks();
  CallOptions& options = outgoing.options();
  if (!hooks.empty() && options.reply_metadata == nullptr) {
    options.reply_metadata = std::make_shared<ReplyMetadata>();
  }
  NewCall changed = {
      call.method,
      options,
      std::move(call.request),
      call.encoding,
      std::move(call.topic),
      call.until,
      std::move(call.query),
      std::move(call.stream)};
  if (outgoing.answer().has_value()) return Complete(changed, *outgoing.answer(), hooks);
  return Enter(std::move(changed), now, std::move(hooks));
}

CallIntake::Arrival CallIntake::Enter(NewCall call, absl::Time now, EndHooks hooks) {
  auto plan = Plan(call, now);
  if (!plan.ok()) {
    counters_.refused.Add();
    return Complete(call, std::move(plan).status(), hooks);
  }
  counters_.started.Add();
  std::unique_ptr<PendingCall> pending = *std::move(plan);
  pending->id = next_id_.fetch_add(1, std::memory_order_relaxed);
  pending->hooks = std::move(hooks);
  if (pending->stream != nullptr) pending->stream->SetCall(pending->id);
  auto state = std::make_shared<CallState>(core_, pending->id, executor_, outstanding_);
  pending->state = state;
  MutexLock lock(mutex_);
  bool is_first = arrived_.empty();
  arrived_.push_back(std::move(pending));
  return {std::move(state), is_first};
}

// Of a call that has a place; it gives it back when it ends.
absl::StatusOr<std::unique_ptr<PendingCall>> CallIntake::Plan(NewCall& call, absl::Time now) {
  auto plan = PlanCall(options_, call.method, call.options, now);
  if (!plan.ok()) return plan;
  PendingCall& pending = **plan;
  absl::Status status = CheckMessageSize(options_, pending, "request", call.request->size());
  pending.until = call.until;
  pending.encoding = call.encoding;
  pending.topic = call.topic;
  pending.query = call.query;
  if (call.encoding == Encoding::kJson || !call.topic.empty()) pending.shares_messages = false;
  if (call.stream != nullptr) PlanStream(pending, call.stream);
  pending.request_bytes = call.request->size() + wire::SizeOf(pending.headers);
  pending.payload = *std::move(call.request);
  if (status.ok()) status = TakePlace(pending.request_bytes);
  if (!status.ok()) return status;
  return plan;
}

CallIntake::Arrival CallIntake::Refuse(const NewCall& call, absl::Status status) {
  counters_.refused.Add();
  EndHooks none;
  return Complete(call, absl::Status(status.code(), status.message()), none);
}

// One that has not been started.
CallIntake::Arrival CallIntake::Complete(
    const NewCall& call,
    CallState::Result result,
    EndHooks& hooks) {
  if (!hooks.empty()) {
    RunEndHooks(hooks, {result, *call.options.reply_metadata, absl::ZeroDuration()});
  }
  if (call.query != nullptr) call.query->Close(result);
  if (call.stream != nullptr) call.stream->Close(result.status());
  return {std::make_shared<CallState>(std::move(result))};
}

std::vector<std::unique_ptr<PendingCall>> CallIntake::TakeAll() {
  std::vector<std::unique_ptr<PendingCall>> arrived;
  MutexLock lock(mutex_);
  arrived.swap(arrived_);
  return arrived;
}

void CallIntake::NoteEnd(const PendingCall& call) {
  request_bytes_.fetch_sub(call.request_bytes, std::memory_order_relaxed);
}

// Given back by NoteEnd, and by the state of the call.
absl::Status CallIntake::TakePlace(size_t request_bytes) {
  size_t before = request_bytes_.fetch_add(request_bytes, std::memory_order_relaxed);
  absl::Status full;
  if (before > 0 && before + request_bytes > options_.max_request_bytes) {
    full = absl::ResourceExhaustedError(absl::StrCat(
        "ChannelOptions::max_request_bytes (",
        options_.max_request_bytes,
        "): the requests of calls that have not ended have ",
        before,
        " bytes, and this one ",
        request_bytes));
  } else if (!outstanding_->TryAdd()) {
    full = absl::ResourceExhaustedError(absl::StrCat(
        "ChannelOptions::max_outstanding_calls (",
        options_.max_outstanding_calls,
        ") calls have not been taken yet"));
  }
  if (!full.ok()) request_bytes_.fetch_sub(request_bytes, std::memory_order_relaxed);
  return full;
}

absl::Status CheckMessageSize(
    const ChannelOptions& options,
    const PendingCall& call,
    const char* what,
    size_t size) {
  return CheckSize("ChannelOptions", options.max_message_size, call.max_message_size, what, size);
}

}  // namespace mqrpc::internal

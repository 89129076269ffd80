#include "call_intake.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "call_plan.h"
#include "metadata_wire.h"

namespace mqrpc::internal {

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

CallIntake::Arrival CallIntake::Add(
    const Method& method,
    absl::StatusOr<std::string> request,
    const CallOptions& options,
    Until until,
    absl::Time now) {
  if (!request.ok()) return Refuse(std::move(request).status());
  auto plan = PlanCall(options_, method, options, now);
  if (!plan.ok()) return Refuse(std::move(plan).status());
  absl::Status full = CheckMessageSize(options_, "request", request->size());
  std::unique_ptr<PendingCall> call = *std::move(plan);
  call->until = until;
  call->request_bytes = request->size() + wire::SizeOf(call->headers);
  if (full.ok()) full = TakePlace(call->request_bytes);
  if (!full.ok()) return Refuse(std::move(full));
  counters_.started.Add();
  call->id = next_id_.fetch_add(1, std::memory_order_relaxed);
  call->payload = *std::move(request);
  auto state = std::make_shared<CallState>(core_, call->id, executor_, outstanding_);
  call->state = state;
  MutexLock lock(mutex_);
  bool is_first = arrived_.empty();
  arrived_.push_back(std::move(call));
  return {std::move(state), is_first};
}

CallIntake::Arrival CallIntake::Refuse(absl::Status status) {
  counters_.refused.Add();
  return {std::make_shared<CallState>(absl::Status(status.code(), status.message()))};
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

absl::Status CheckMessageSize(const ChannelOptions& options, const char* what, size_t size) {
  if (size <= options.max_message_size) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "ChannelOptions::max_message_size (",
      options.max_message_size,
      "): the ",
      what,
      " has ",
      size,
      " bytes"));
}

}  // namespace mqrpc::internal

#include "call_state.h"

#include <utility>

#include "channel_core.h"
#include "mqrpc/call.h"

namespace mqrpc::internal {
namespace {

absl::Status TakenError() {
  return absl::FailedPreconditionError("the result of this call has been taken, or detached");
}

}  // namespace

CallState::CallState(
    ChannelCore& core,
    uint64_t id,
    std::shared_ptr<Executor> executor,
    std::shared_ptr<OutstandingCalls> outstanding)
    : id_(id), executor_(std::move(executor)), outstanding_(std::move(outstanding)), core_(&core) {}

CallState::~CallState() { FreePlace(); }

absl::AnyInvocable<void()> CallState::Complete(Result result) {
  Continuation continuation;
  {
    MutexLock lock(mutex_);
    core_ = nullptr;
    continuation = std::move(continuation_);
    if (!continuation) result_ = std::move(result);
  }
  if (continuation) return Bind(std::move(continuation), std::move(result));
  completed_.NotifyOne();
  return nullptr;
}

CallState::Result CallState::Wait() {
  MutexLock lock(mutex_);
  if (is_taken_) return TakenError();
  is_taken_ = true;
  if (!result_.has_value() && core_->InLoop()) {
    core_->PostCancel(id_);
    return absl::FailedPreconditionError(
        "waiting for a call on the connection's own thread, which would have to complete it");
  }
  while (!result_.has_value()) completed_.Wait(mutex_);
  FreePlace();
  return *std::move(result_);
}

void CallState::Then(Continuation continuation) {
  Result result;
  {
    MutexLock lock(mutex_);
    if (std::exchange(is_taken_, true)) {
      result = TakenError();
    } else if (!result_.has_value()) {
      continuation_ = std::move(continuation);
      return;
    } else {
      result = *std::move(result_);
    }
  }
  absl::AnyInvocable<void()> task = Bind(std::move(continuation), std::move(result));
  // Without an executor the call failed before it was started: there is no thread to keep free.
  if (executor_ == nullptr) return task();
  executor_->Run(std::move(task));
}

void CallState::Cancel() {
  // Under the lock, since the channel does not go before it has completed its calls, and that needs
  // the lock: so it is still there. Posting takes no other lock of ours.
  MutexLock lock(mutex_);
  if (core_ != nullptr) core_->PostCancel(id_);
}

// The place is given back before the caller can know of the result: who then starts another call
// finds it free.
absl::AnyInvocable<void()> CallState::Bind(Continuation continuation, Result result) {
  return [outstanding = std::exchange(outstanding_, nullptr),
          continuation = std::move(continuation),
          result = std::move(result)]() mutable {
    if (outstanding != nullptr) outstanding->Remove();
    continuation(std::move(result));
  };
}

void CallState::FreePlace() {
  if (outstanding_ != nullptr) std::exchange(outstanding_, nullptr)->Remove();
}

absl::StatusOr<std::string> ByteCall::Wait() {
  // The handle keeps the state: another thread may be about to cancel.
  return state_ != nullptr ? state_->Wait() : TakenError();
}

void ByteCall::Then(CallState::Continuation continuation) {
  if (state_ == nullptr) return continuation(TakenError());
  std::exchange(state_, nullptr)->Then(std::move(continuation));
}

void ByteCall::Cancel() {
  if (state_ != nullptr) state_->Cancel();
}

}  // namespace mqrpc::internal

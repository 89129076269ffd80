#include "call_state.h"

#include <utility>

#include "absl/base/attributes.h"
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

bool CallState::Complete(Result result) {
  std::shared_ptr<Executor> executor;
  {
    MutexLock lock(mutex_);
    core_ = nullptr;
    result_ = std::move(result);
    if (continuation_ && chosen_executor_ == nullptr) return true;
    if (continuation_) executor = chosen_executor_;
  }
  if (executor == nullptr) {
    completed_.NotifyOne();
  } else {
    executor->Run([state = shared_from_this()] { state->Continue(); });
  }
  return false;
}

// The place is given back before the caller can know of the result: who then starts another call
// finds it free.
void CallState::Continue() {
  Continuation continuation;
  Result result;
  {
    MutexLock lock(mutex_);
    if (!continuation_) return;  // dropped meanwhile
    continuation = std::exchange(continuation_, nullptr);
    result = *std::move(result_);
  }
  FreePlace();
  continuation(std::move(result));
}

bool CallState::is_complete() {
  MutexLock lock(mutex_);
  return result_.has_value();
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

// Without an executor it failed before it was started: there is no thread to keep free.
bool CallState::AnswersAtOnce() {
  MutexLock lock(mutex_);
  return is_taken_ || (executor_ == nullptr && chosen_executor_ == nullptr);
}

void CallState::On(std::shared_ptr<Executor> executor) {
  MutexLock lock(mutex_);
  chosen_executor_ = std::move(executor);
}

void CallState::OnUnlessChosen(std::shared_ptr<Executor> executor) {
  MutexLock lock(mutex_);
  if (chosen_executor_ == nullptr) chosen_executor_ = std::move(executor);
}

void CallState::Then(Continuation continuation) {
  bool is_taken;
  std::shared_ptr<Executor> executor;
  {
    MutexLock lock(mutex_);
    is_taken = std::exchange(is_taken_, true);
    if (!is_taken) {
      continuation_ = std::move(continuation);
      if (!result_.has_value()) return;
    }
    executor = chosen_executor_ != nullptr ? chosen_executor_ : executor_;
  }
  if (is_taken) return continuation(TakenError());
  if (executor == nullptr) return Continue();
  executor->Run([state = shared_from_this()] { state->Continue(); });
}

void CallState::Cancel() {
  // Under the lock, since the channel does not go before it has completed its calls, and that needs
  // the lock: so it is still there. Posting takes no other lock of ours.
  MutexLock lock(mutex_);
  if (core_ != nullptr) core_->PostCancel(id_);
}

void CallState::Drop() {
  Continuation forgotten;  // goes after the lock
  MutexLock lock(mutex_);
  forgotten = std::exchange(continuation_, nullptr);
  if (core_ != nullptr) core_->PostCancel(id_);
}

void CallState::FreePlace() {
  if (outstanding_ != nullptr) std::exchange(outstanding_, nullptr)->Remove();
}

absl::StatusOr<std::string> ByteCall::Wait() {
  // The handle keeps the state: another thread may be about to cancel.
  return state_ != nullptr ? state_->Wait() : TakenError();
}

void ByteCall::On(std::shared_ptr<Executor> executor) {
  if (state_ != nullptr) state_->On(std::move(executor));
}

void ByteCall::Then(CallState::Continuation continuation) {
  if (state_ == nullptr) return continuation(TakenError());
  std::exchange(state_, nullptr)->Then(std::move(continuation));
}

bool ByteCall::AnswersAtOnce() const { return state_ == nullptr || state_->AnswersAtOnce(); }

void ByteCall::Listen(std::shared_ptr<Executor> executor, CallState::Continuation continuation) {
  if (state_ == nullptr) return continuation(TakenError());
  std::shared_ptr<CallState> state = state_;  // the continuation may drop the handle
  state->OnUnlessChosen(std::move(executor));
  state->Then(std::move(continuation));
}

void ByteCall::Drop() {
  if (state_ != nullptr) state_->Drop();
}

void ByteCall::Cancel() {
  if (state_ != nullptr) state_->Cancel();
}

// The coroutine may run, and end, on another thread before Listen has returned: nothing of it is
// touched from there on. (By clang before version 17 the variables of a function that is inlined
// into a coroutine may be made a part of that; so it takes pointers, too.)
ABSL_ATTRIBUTE_NOINLINE void ByteAwaiter::Suspend(
    std::coroutine_handle<> coroutine,
    const TaskPromiseBase* task) {
  coroutine_ = coroutine;
  call_.Listen(
      task != nullptr ? task->executor() : nullptr,
      [this](absl::StatusOr<std::string> result) {
        result_ = std::move(result);
        coroutine_.resume();
      });
}

}  // namespace mqrpc::internal

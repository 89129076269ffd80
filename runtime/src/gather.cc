#include "mqrpc/gather.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "mutex.h"

namespace mqrpc::internal {

struct Gathering::State {
  size_t calls = 0;
  size_t successes = 0;  // that are enough
  size_t failures = 0;   // that are too many

  Mutex mutex;
  std::coroutine_handle<> waiting MQRPC_GUARDED_BY(mutex);
  size_t failed MQRPC_GUARDED_BY(mutex) = 0;
  size_t last_failed MQRPC_GUARDED_BY(mutex) = 0;
  absl::Status last_failure MQRPC_GUARDED_BY(mutex);
  std::vector<size_t> succeeded MQRPC_GUARDED_BY(mutex);
  bool is_settled MQRPC_GUARDED_BY(mutex) = false;
  absl::Status status MQRPC_GUARDED_BY(mutex);

  void CheckOptions(const GatherOptions& options) {
    MutexLock lock(mutex);
    if (successes > calls) {
      status = absl::InvalidArgumentError(
          absl::StrCat("GatherOptions::successes is ", successes, ", of ", calls, " calls"));
    } else if (options.failures.has_value() && failures == 0) {
      status = absl::InvalidArgumentError("GatherOptions::failures is 0; at least 1");
    }
    is_settled = !status.ok() || successes == 0;
  }

  void Count(size_t index, absl::Status result) MQRPC_REQUIRES(mutex) {
    if (result.ok()) {
      succeeded.push_back(index);
    } else {
      ++failed;
      last_failed = index;
      last_failure = std::move(result);
    }
    bool is_enough = succeeded.size() >= successes;
    is_settled = is_enough || failed >= failures || succeeded.size() + failed == calls;
    if (is_settled && !is_enough) status = Failure();
  }

  absl::Status Failure() const MQRPC_REQUIRES(mutex) {
    return absl::Status(
        last_failure.code(),
        absl::StrCat(
            failed,
            " of ",
            calls,
            " calls failed, and ",
            successes,
            " were to succeed; the last was call ",
            last_failed,
            ": ",
            last_failure.message()));
  }
};

Gathering::Gathering(std::vector<ByteCall> calls, const GatherOptions& options)
    : calls_(std::move(calls)), state_(std::make_unique<State>()) {
  state_->calls = calls_.size();
  state_->successes = options.successes.value_or(calls_.size());
  size_t out_of_reach = calls_.size() - std::min(state_->successes, calls_.size()) + 1;
  state_->failures = options.failures.value_or(out_of_reach);
  state_->CheckOptions(options);
}

Gathering::~Gathering() = default;

bool Gathering::IsSettledAtOnce() {
  for (size_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].AnswersAtOnce()) Add(i, calls_[i].Wait());
  }
  MutexLock lock(state_->mutex);
  return state_->is_settled;
}

void Gathering::Listen(std::coroutine_handle<> coroutine, const TaskPromiseBase* task) {
  // The coroutine may end while this goes on, and with it who called, and the task.
  std::shared_ptr<Gathering> self = shared_from_this();
  std::shared_ptr<Executor> executor = task != nullptr ? task->executor() : nullptr;
  {
    MutexLock lock(state_->mutex);
    state_->waiting = coroutine;
  }
  for (size_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].AnswersAtOnce()) continue;  // counted already
    calls_[i].Listen(executor, [self, i](absl::StatusOr<std::string> result) {
      self->Add(i, std::move(result));
    });
  }
  bool is_settled;
  {
    MutexLock lock(state_->mutex);
    is_settled = state_->is_settled;
  }
  if (is_settled) DropCalls();  // those that were not listened to when it was settled
}

void Gathering::Add(size_t index, absl::StatusOr<std::string> result) {
  std::coroutine_handle<> waiting;
  {
    MutexLock lock(state_->mutex);
    if (state_->is_settled) return;
    state_->Count(index, Keep(index, std::move(result)));
    if (!state_->is_settled) return;
    waiting = std::exchange(state_->waiting, nullptr);
  }
  DropCalls();
  if (waiting != nullptr) waiting.resume();
}

void Gathering::Abandon() {
  {
    MutexLock lock(state_->mutex);
    state_->is_settled = true;
    state_->waiting = nullptr;
  }
  DropCalls();
}

// Also ends that a call's continuation and this hold one another.
void Gathering::DropCalls() {
  for (ByteCall& call : calls_) call.Drop();
}

absl::Status Gathering::TakeStatus() {
  MutexLock lock(state_->mutex);
  return std::move(state_->status);
}

std::vector<size_t> Gathering::TakeSucceeded() {
  MutexLock lock(state_->mutex);
  return std::move(state_->succeeded);
}

}  // namespace mqrpc::internal

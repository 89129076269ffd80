#ifndef MQRPC_CALL_STATE_H_
#define MQRPC_CALL_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/executor.h"
#include "mutex.h"

namespace mqrpc::internal {

class ChannelCore;

// How many results have not been taken yet. Shared by a channel and its calls, which may outlive
// it.
class OutstandingCalls {
 public:
  explicit OutstandingCalls(size_t most) : most_(most) {}
  bool TryAdd() {
    if (count_.fetch_add(1, std::memory_order_relaxed) < most_) return true;
    Remove();
    return false;
  }
  size_t count() const { return count_.load(std::memory_order_relaxed); }
  void Remove() { count_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  const size_t most_;
  std::atomic<size_t> count_ = 0;
};

// One call as its caller sees it: where the result is put once, and taken once. Who completes it is
// settled elsewhere, by PendingCalls::Take. Thread-safe.
class CallState final : public std::enable_shared_from_this<CallState> {
 public:
  using Result = absl::StatusOr<std::string>;
  using Continuation = absl::AnyInvocable<void(Result)>;

  // A call that has ended before it was started.
  explicit CallState(Result result) : result_(std::move(result)) {}

  // A call under way, which holds a place in `outstanding` until its result is taken, or cannot be
  // any more.
  CallState(
      ChannelCore& core,
      uint64_t id,
      std::shared_ptr<Executor> executor,
      std::shared_ptr<OutstandingCalls> outstanding);
  ~CallState();

  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;

  // Once. Wakes the one who waits, or hands the continuation to the executor that was chosen for
  // it. True if there is one for the channel's executor to run, by Continue().
  bool Complete(Result result);
  void Continue();

  bool is_complete();
  Result Wait();

  bool AnswersAtOnce();

  // Where the continuation is to run instead of on the channel's executor. Before Then.
  void On(std::shared_ptr<Executor> executor);
  void OnUnlessChosen(std::shared_ptr<Executor> executor);
  void Then(Continuation continuation);
  void Cancel();

  // Cancels, and forgets the continuation unless it runs already.
  void Drop();

 private:
  void FreePlace();

  const uint64_t id_ = 0;
  const std::shared_ptr<Executor> executor_ =
      nullptr;  // the channel's; null if it was never started
  std::shared_ptr<OutstandingCalls> outstanding_ = nullptr;  // null once its place is free

  Mutex mutex_;
  CondVar completed_;
  ChannelCore* core_ MQRPC_GUARDED_BY(mutex_) = nullptr;  // null once the call has completed
  bool is_taken_ MQRPC_GUARDED_BY(mutex_) = false;        // or will be: somebody waits
  std::optional<Result> result_ MQRPC_GUARDED_BY(mutex_);
  std::shared_ptr<Executor> chosen_executor_ MQRPC_GUARDED_BY(mutex_);  // null: the channel's
  Continuation continuation_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CALL_STATE_H_

#include <deque>
#include <utility>

#include "mqrpc/task.h"
#include "mutex.h"

namespace mqrpc::internal {
namespace {

class QueueOfTasks final : public WaitingThread {
 public:
  void Run(absl::AnyInvocable<void()> task) override {
    // What is dropped here goes after the lock.
    MutexLock lock(mutex_);
    if (has_left_) return;
    tasks_.push_back(std::move(task));
    changed_.NotifyOne();
  }

  void RunUntilLeft() override {
    while (absl::AnyInvocable<void()> task = Next()) task();
    std::deque<absl::AnyInvocable<void()>> late;
    MutexLock lock(mutex_);
    late.swap(tasks_);
  }

  void Leave() override {
    MutexLock lock(mutex_);
    has_left_ = true;
    changed_.NotifyOne();
  }

 private:
  // Empty once it has left.
  absl::AnyInvocable<void()> Next() {
    MutexLock lock(mutex_);
    while (tasks_.empty() && !has_left_) changed_.Wait(mutex_);
    if (has_left_) return nullptr;
    absl::AnyInvocable<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  Mutex mutex_;
  CondVar changed_;
  std::deque<absl::AnyInvocable<void()>> tasks_ MQRPC_GUARDED_BY(mutex_);
  bool has_left_ MQRPC_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::shared_ptr<WaitingThread> WaitingThread::Make() { return std::make_shared<QueueOfTasks>(); }

}  // namespace mqrpc::internal

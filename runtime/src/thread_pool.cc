#include "thread_pool.h"

#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "mutex.h"

namespace mqrpc::internal {

struct ThreadPool::State : std::enable_shared_from_this<ThreadPool::State> {
  explicit State(size_t max_threads) : max_threads(max_threads) {}

  const size_t max_threads;
  Mutex mutex;
  CondVar changed;
  std::deque<absl::AnyInvocable<void()>> tasks MQRPC_GUARDED_BY(mutex);
  std::vector<std::thread> threads MQRPC_GUARDED_BY(mutex);
  size_t idle MQRPC_GUARDED_BY(mutex) = 0;
  bool stopped MQRPC_GUARDED_BY(mutex) = false;

  // Takes the task and returns true, unless the pool is stopped.
  bool Add(absl::AnyInvocable<void()>& task) MQRPC_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    if (stopped) return false;
    tasks.push_back(std::move(task));
    if (tasks.size() > idle && threads.size() < max_threads) {
      threads.emplace_back([state = shared_from_this()] { state->Work(); });
    }
    return true;
  }

  void Work() MQRPC_EXCLUDES(mutex) {
    while (absl::AnyInvocable<void()> task = Next()) task();
  }

  // Empty once the pool is stopped and nothing is left.
  absl::AnyInvocable<void()> Next() MQRPC_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    ++idle;
    while (tasks.empty() && !stopped) changed.Wait(mutex);
    --idle;
    if (tasks.empty()) return nullptr;
    absl::AnyInvocable<void()> task = std::move(tasks.front());
    tasks.pop_front();
    return task;
  }
};

ThreadPool::ThreadPool(size_t max_threads) : state_(std::make_shared<State>(max_threads)) {}

ThreadPool::~ThreadPool() { Stop(); }

void ThreadPool::Run(absl::AnyInvocable<void()> task) {
  if (!state_->Add(task)) return task();
  // Without the lock, which the one that wakes up needs first.
  state_->changed.NotifyOne();
}

size_t ThreadPool::queued() const {
  MutexLock lock(state_->mutex);
  return state_->tasks.size();
}

void ThreadPool::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(state_->mutex);
    state_->stopped = true;
    threads.swap(state_->threads);
  }
  state_->changed.NotifyAll();
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

}  // namespace mqrpc::internal

#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "mutex.h"

namespace mqrpc::internal {
namespace {

// A thread of this kind, when woken, does not displace the one that woke it: a loop that hands over
// work finishes its round first. On few cores, where the two would otherwise run in step, that is a
// third more calls a second (bench/README.md). Where a core is free it makes no difference.
void YieldToWaker() {
  sched_param param = {};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &param);
}

}  // namespace

struct ThreadPool::State : std::enable_shared_from_this<ThreadPool::State> {
  explicit State(size_t max_threads) : max_threads(max_threads) {}

  const size_t max_threads;
  Mutex mutex;
  CondVar changed;
  std::deque<absl::AnyInvocable<void()>> tasks MQRPC_GUARDED_BY(mutex);
  std::vector<std::thread> threads MQRPC_GUARDED_BY(mutex);
  size_t starting MQRPC_GUARDED_BY(mutex) = 0;
  size_t idle MQRPC_GUARDED_BY(mutex) = 0;
  bool waking MQRPC_GUARDED_BY(mutex) = false;  // one was notified and does not run yet
  bool stopped MQRPC_GUARDED_BY(mutex) = false;

  // Takes the tasks and returns true, unless the pool is stopped.
  bool Add(absl::Span<absl::AnyInvocable<void()>> added) MQRPC_EXCLUDES(mutex) {
    bool wake;
    {
      MutexLock lock(mutex);
      if (stopped) return false;
      for (auto& task : added) tasks.push_back(std::move(task));
      while (tasks.size() > idle + starting && threads.size() < max_threads) {
        ++starting;
        threads.emplace_back([state = shared_from_this()] { state->Work(); });
      }
      wake = ShouldWake();
    }
    if (wake) changed.NotifyOne();
    return true;
  }

  // One thread at a time is woken, and itself wakes the next if there is work for it: so a burst of
  // short tasks, which the first one runs before another could, costs two wake-ups, not one a task.
  bool ShouldWake() MQRPC_REQUIRES(mutex) {
    if (tasks.empty() || idle == 0 || waking) return false;
    waking = true;
    return true;
  }

  void Work() MQRPC_EXCLUDES(mutex) {
    YieldToWaker();
    {
      MutexLock lock(mutex);
      --starting;
    }
    while (absl::AnyInvocable<void()> task = Next()) task();
  }

  // Empty once the pool is stopped and nothing is left.
  absl::AnyInvocable<void()> Next() MQRPC_EXCLUDES(mutex) {
    absl::AnyInvocable<void()> task;
    bool wake;
    {
      MutexLock lock(mutex);
      ++idle;
      while (tasks.empty() && !stopped) {
        changed.Wait(mutex);
        waking = false;
      }
      --idle;
      if (tasks.empty()) return nullptr;
      task = std::move(tasks.front());
      tasks.pop_front();
      wake = ShouldWake();
    }
    if (wake) changed.NotifyOne();
    return task;
  }
};

ThreadPool::ThreadPool(size_t max_threads) : state_(std::make_shared<State>(max_threads)) {}

ThreadPool::~ThreadPool() { Stop(); }

void ThreadPool::Run(absl::AnyInvocable<void()> task) {
  if (!state_->Add(absl::MakeSpan(&task, 1))) task();
}

void ThreadPool::RunAll(std::vector<absl::AnyInvocable<void()>> tasks) {
  if (state_->Add(absl::MakeSpan(tasks))) return;
  for (absl::AnyInvocable<void()>& task : tasks) task();
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

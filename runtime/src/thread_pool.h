#ifndef MQRPC_THREAD_POOL_H_
#define MQRPC_THREAD_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "mqrpc/executor.h"

namespace mqrpc::internal {

// Threads that run tasks in the order in which they came. A thread is started when a task finds
// none idle and there are fewer than the most. Thread-safe.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(size_t max_threads);
  ~ThreadPool() override;  // Stop()

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // After Stop, runs the task right here.
  void Run(absl::AnyInvocable<void()> task) override;

  // Likewise, with one wake-up for all of them: a thread that is woken for each of many short tasks
  // runs in step with the one that adds them, and both pay for every change between them.
  void RunAll(std::vector<absl::AnyInvocable<void()>> tasks);

  // Tasks that no thread has taken yet.
  size_t queued() const;

  // Runs what is queued and ends the threads, which are joined, except, inside a task of the pool,
  // the one that calls: that one ends after its task.
  void Stop();

 private:
  struct State;
  // Shared with the threads: the one that destroys the pool in a task of its own outlives it.
  std::shared_ptr<State> state_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_THREAD_POOL_H_

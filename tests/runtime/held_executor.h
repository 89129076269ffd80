#ifndef MQRPC_TESTS_RUNTIME_HELD_EXECUTOR_H_
#define MQRPC_TESTS_RUNTIME_HELD_EXECUTOR_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "mqrpc/executor.h"

namespace mqrpc::tests {

// Keeps what it is to run until it is told to. One thread.
class HeldExecutor final : public Executor {
 public:
  void Run(absl::AnyInvocable<void()> task) override { tasks_.push_back(std::move(task)); }
  size_t size() const { return tasks_.size(); }
  void RunAll() {
    for (auto& task : std::exchange(tasks_, {})) task();
  }

 private:
  std::vector<absl::AnyInvocable<void()>> tasks_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_HELD_EXECUTOR_H_

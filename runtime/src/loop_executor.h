#ifndef MQRPC_LOOP_EXECUTOR_H_
#define MQRPC_LOOP_EXECUTOR_H_

#include <functional>
#include <utility>

#include "mqrpc/event_loop.h"
#include "mqrpc/executor.h"

namespace mqrpc::internal {

// Runs tasks in turns of a loop.
class LoopExecutor final : public Executor {
 public:
  explicit LoopExecutor(std::function<void(EventLoop::Task)> post) : post_(std::move(post)) {}
  void Run(absl::AnyInvocable<void()> task) override { post_(std::move(task)); }

 private:
  const std::function<void(EventLoop::Task)> post_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_LOOP_EXECUTOR_H_

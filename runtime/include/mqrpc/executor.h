#ifndef MQRPC_EXECUTOR_H_
#define MQRPC_EXECUTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"

namespace mqrpc {

// Where the continuations of calls run. Give a channel your own, or a single call by `Call::On`, to
// have them on a thread of yours; without one the channel owns a single thread for them.
//
//   class AsioExecutor final : public mqrpc::Executor {
//     void Run(absl::AnyInvocable<void()> task) override {
//       boost::asio::post(context_, std::move(task));
//     }
//     ...
//   };
//
// Called from any thread. Every task must be run once, in any order; a task must not be run inside
// `Run` itself, because `Run` is called on the connection's own thread.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Run(absl::AnyInvocable<void()> task) = 0;
};

namespace internal {

// One that its user keeps alive, beside those that we own.
inline std::shared_ptr<Executor> Borrowed(Executor& executor) {
  return std::shared_ptr<Executor>(std::shared_ptr<Executor>(), &executor);
}

}  // namespace internal
}  // namespace mqrpc

#endif  // MQRPC_EXECUTOR_H_

#ifndef MQRPC_ITEM_QUEUE_H_
#define MQRPC_ITEM_QUEUE_H_

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/functional/any_invocable.h"
#include "mqrpc/executor.h"
#include "mqrpc/task.h"

namespace mqrpc::internal {

// What comes to one reader, in order, until it ends: read by a thread, or by a continuation. What
// has come before the end can be read after it. Thread-safe; one reader at a time.
template <class T>
class ItemQueue {
 public:
  using Item = T;
  using Continuation = absl::AnyInvocable<void(std::optional<T>)>;

  virtual ~ItemQueue() = default;

  // Null when there are no more. On the connection's own thread it does not wait: it is null, too,
  // if there is none yet.
  virtual std::optional<T> Next() = 0;

  // Likewise, to a continuation on `executor`, or, if that is null, on the queue's own.
  virtual void Listen(std::shared_ptr<Executor> executor, Continuation continuation) = 0;
  virtual void Forget() = 0;
};

// What a coroutine waits in for the next one.
template <class T>
class ItemAwaiter {
 public:
  explicit ItemAwaiter(std::shared_ptr<ItemQueue<T>> items) : items_(std::move(items)) {}

  ItemAwaiter(const ItemAwaiter&) = delete;
  ItemAwaiter& operator=(const ItemAwaiter&) = delete;

  bool await_ready() const { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> coroutine) {
    Suspend(coroutine, TaskOf(coroutine));
  }

 protected:
  ~ItemAwaiter() { items_->Forget(); }
  std::optional<T> Take() { return std::move(item_); }

 private:
  // As ByteAwaiter::Suspend: nothing of the coroutine is touched once Listen has it.
  ABSL_ATTRIBUTE_NOINLINE void Suspend(
      std::coroutine_handle<> coroutine,
      const TaskPromiseBase* task) {
    coroutine_ = coroutine;
    std::shared_ptr<ItemQueue<T>> items = items_;
    items->Listen(task != nullptr ? task->executor() : nullptr, [this](std::optional<T> item) {
      item_ = std::move(item);
      coroutine_.resume();
    });
  }

  const std::shared_ptr<ItemQueue<T>> items_;
  std::coroutine_handle<> coroutine_;
  std::optional<T> item_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_ITEM_QUEUE_H_

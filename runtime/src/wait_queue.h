#ifndef MQRPC_WAIT_QUEUE_H_
#define MQRPC_WAIT_QUEUE_H_

#include <memory>
#include <optional>
#include <utility>

#include "mqrpc/event_loop.h"
#include "mqrpc/executor.h"
#include "mqrpc/item_queue.h"
#include "mutex.h"

namespace mqrpc::internal {

// The waiting of an ItemQueue, by a thread or by a continuation; what is waited for is of those who
// derive from it. `Interface` is an ItemQueue, or more. Shared with the continuations that are
// still to run.
template <class Interface>
class WaitQueue : public Interface, public std::enable_shared_from_this<WaitQueue<Interface>> {
 public:
  using Item = typename Interface::Item;
  using Continuation = typename Interface::Continuation;

  // The loop lives until there is nothing to wait for any more, the executor as long as this.
  WaitQueue(EventLoop& loop, std::shared_ptr<Executor> executor)
      : loop_(loop), executor_(std::move(executor)) {}

  std::optional<Item> Next() final {
    MutexLock lock(mutex_);
    if (!is_ready() && loop_.InLoop()) {
      OnWaitInLoop();
      return std::nullopt;
    }
    while (!is_ready()) changed_.Wait(mutex_);
    return Take();
  }

  void Listen(std::shared_ptr<Executor> executor, Continuation continuation) final {
    std::shared_ptr<Executor> chosen = executor != nullptr ? executor : executor_;
    {
      MutexLock lock(mutex_);
      listeners_executor_ = std::move(executor);
      listener_ = std::move(continuation);
      if (!is_ready()) return;
    }
    chosen->Run([self = this->shared_from_this()] { self->Resume(); });
  }

  void Forget() final {
    Continuation forgotten;  // goes after the lock
    MutexLock lock(mutex_);
    forgotten = std::exchange(listener_, nullptr);
  }

 protected:
  // Whether there is an item, or never will be.
  virtual bool is_ready() const MQRPC_REQUIRES(mutex_) = 0;

  // Null: there are no more.
  virtual std::optional<Item> Take() MQRPC_REQUIRES(mutex_) = 0;

  // Somebody would wait for the connection's own thread on that thread, and gets nothing.
  virtual void OnWaitInLoop() MQRPC_REQUIRES(mutex_) = 0;

  // Whoever waits for what is there now.
  void Wake() MQRPC_EXCLUDES(mutex_) {
    std::shared_ptr<Executor> executor;
    {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
      if (!listener_) return;
      executor = listeners_executor_ != nullptr ? listeners_executor_ : executor_;
    }
    executor->Run([self = this->shared_from_this()] { self->Resume(); });
  }

  mutable Mutex mutex_;

 private:
  // More may have come since it was woken: then another wake finds nobody.
  void Resume() {
    Continuation listener;
    std::optional<Item> item;
    {
      MutexLock lock(mutex_);
      if (!listener_ || !is_ready()) return;
      listener = std::exchange(listener_, nullptr);
      item = Take();
    }
    listener(std::move(item));
  }

  EventLoop& loop_;
  const std::shared_ptr<Executor> executor_;
  CondVar changed_;
  std::shared_ptr<Executor> listeners_executor_ MQRPC_GUARDED_BY(mutex_);
  Continuation listener_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_WAIT_QUEUE_H_

#ifndef MQRPC_TESTS_RUNTIME_GATE_H_
#define MQRPC_TESTS_RUNTIME_GATE_H_

#include "support/events.h"

namespace mqrpc::tests {

// Closed until it is opened, for good. Any thread.
class Gate {
 public:
  void Open() {
    internal::MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }

  // False if it stays closed for too long.
  bool Wait() {
    auto end = std::chrono::steady_clock::now() + kLong;
    internal::MutexLock lock(mutex_);
    while (!open_ && std::chrono::steady_clock::now() < end) changed_.WaitUntil(mutex_, end);
    return open_;
  }

 private:
  internal::Mutex mutex_;
  internal::CondVar changed_;
  bool open_ MQRPC_GUARDED_BY(mutex_) = false;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_GATE_H_

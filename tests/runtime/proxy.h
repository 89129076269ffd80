#ifndef MQRPC_TESTS_RUNTIME_PROXY_H_
#define MQRPC_TESTS_RUNTIME_PROXY_H_

#include <optional>
#include <string>
#include <thread>

#include "listener.h"
#include "mutex.h"

namespace mqrpc::tests {

// A way to a port of 127.0.0.1 that can be closed, for one connection at a time. What it is told is
// done on return.
class Proxy {
 public:
  explicit Proxy(int port);
  ~Proxy();

  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string address() const { return listener_.address(); }

  void Drop() { Set(Mode::kOpen); }     // cuts the connection; the next is let through
  void Close() { Set(Mode::kClosed); }  // cuts it and all that come, until Drop
  void Hold() { Set(Mode::kHolding); }  // forwards nothing more

 private:
  enum class Mode { kOpen, kHolding, kClosed };

  void Set(Mode mode);
  void Run();
  bool TakeChange();  // false at the end
  void Accept();
  void Forward(int from, int to);
  void Cut();

  const int port_;
  Listener listener_;
  int wake_[2];

  internal::Mutex mutex_;
  internal::CondVar taken_;
  std::optional<Mode> wanted_ MQRPC_GUARDED_BY(mutex_);
  bool is_ending_ MQRPC_GUARDED_BY(mutex_) = false;

  // Of the thread.
  Mode mode_ = Mode::kOpen;
  int client_ = -1;
  int broker_ = -1;

  std::thread thread_;  // last
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_PROXY_H_

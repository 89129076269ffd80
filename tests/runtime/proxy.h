#ifndef MQRPC_TESTS_RUNTIME_PROXY_H_
#define MQRPC_TESTS_RUNTIME_PROXY_H_

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "listener.h"
#include "mqtt_packet.h"
#include "mutex.h"

namespace mqrpc::tests {

enum class Direction { kToBroker, kToClient };

// What becomes of a packet. Converts from an Action, or from what goes on in its place.
struct Verdict {
  enum Action {
    kForward,
    kDrop,
    kTwice,
    kHold,  // until Release(), while others pass it; gone if the connection is cut first
    kCut,   // it does not go on, and the connection is cut
    kReplace,
  };
  Verdict(Action what) : action(what) {}
  Verdict(std::string bytes) : action(kReplace), replacement(std::move(bytes)) {}
  Verdict(const MqttPacket& packet) : Verdict(packet.bytes()) {}

  Action action;
  std::string replacement = {};
};

// A way to a broker on a port of 127.0.0.1 that can be closed, for one connection at a time. What
// it is told, by one thread at a time, is done on return.
class Proxy {
 public:
  // Judges each packet before it goes on. On the proxy's thread: it must not call the proxy.
  using Rule = std::function<Verdict(Direction, const MqttPacket&)>;

  explicit Proxy(int port, Rule rule = nullptr);
  ~Proxy();

  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::string address() const { return listener_.address(); }

  void Drop() { Set(Mode::kOpen); }     // cuts the connection; the next is let through
  void Close() { Set(Mode::kClosed); }  // cuts it and all that come, until Drop
  void Hold() { Set(Mode::kHolding); }  // forwards nothing more

  void SetRule(Rule rule);  // null: everything goes on
  void Release();           // forwards what a rule has held, in order

 private:
  enum class Mode { kOpen, kHolding, kClosed };

  struct Held {
    Direction direction;
    std::string bytes;
  };

  void Set(Mode mode);
  void Do(std::function<void()> change);
  void Run();
  bool TakeChange();  // false at the end
  void Accept();
  void Forward(Direction direction);
  void Judge(Direction direction, const MqttPacket& packet);
  void Send(Direction direction, std::string_view bytes);
  void Cut();

  const int port_;
  Listener listener_;
  int wake_[2];

  internal::Mutex mutex_;
  internal::CondVar taken_;
  std::function<void()> wanted_ MQRPC_GUARDED_BY(mutex_);
  bool is_ending_ MQRPC_GUARDED_BY(mutex_) = false;

  // Of the thread.
  Rule rule_;
  Mode mode_ = Mode::kOpen;
  int client_ = -1;
  int broker_ = -1;
  PacketSplitter to_broker_;
  PacketSplitter to_client_;
  std::vector<Held> held_;

  std::thread thread_;  // last
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_PROXY_H_

#include "proxy.h"

#include <fcntl.h>
#include <poll.h>

#include <optional>
#include <utility>

namespace mqrpc::tests {

Proxy::Proxy(int port, Rule rule) : port_(port), rule_(std::move(rule)) {
  EXPECT_EQ(pipe2(wake_, O_CLOEXEC), 0);
  thread_ = std::thread([this] { Run(); });
}

Proxy::~Proxy() {
  {
    internal::MutexLock lock(mutex_);
    is_ending_ = true;
  }
  EXPECT_EQ(write(wake_[1], "x", 1), 1);
  thread_.join();
  close(wake_[0]);
  close(wake_[1]);
}

void Proxy::Set(Mode mode) {
  Do([this, mode] {
    mode_ = mode;
    if (mode_ != Mode::kHolding) Cut();
  });
}

void Proxy::SetRule(Rule rule) {
  Do([this, rule = std::move(rule)] { rule_ = rule; });
}

void Proxy::Release() {
  Do([this] {
    for (const Held& held : std::exchange(held_, {})) Send(held.direction, held.bytes);
  });
}

void Proxy::Do(std::function<void()> change) {
  {
    internal::MutexLock lock(mutex_);
    wanted_ = std::move(change);
  }
  EXPECT_EQ(write(wake_[1], "x", 1), 1);
  internal::MutexLock lock(mutex_);
  while (wanted_ != nullptr) taken_.Wait(mutex_);
}

void Proxy::Run() {
  while (true) {
    short events = mode_ == Mode::kHolding ? 0 : POLLIN;
    // Descriptors of -1 are ignored.
    pollfd polled[] = {
        {wake_[0], POLLIN, 0},
        {listener_.fd(), POLLIN, 0},
        {client_, events, 0},
        {broker_, events, 0}};
    poll(polled, 4, -1);
    if (polled[2].revents != 0) Forward(Direction::kToBroker);
    if (polled[3].revents != 0 && broker_ >= 0) Forward(Direction::kToClient);
    if (polled[1].revents != 0) Accept();
    if (polled[0].revents != 0 && !TakeChange()) break;
  }
  Cut();
}

bool Proxy::TakeChange() {
  char byte = 0;
  EXPECT_EQ(read(wake_[0], &byte, 1), 1);
  internal::MutexLock lock(mutex_);
  if (is_ending_) return false;
  wanted_();
  wanted_ = nullptr;
  taken_.NotifyAll();
  return true;
}

void Proxy::Accept() {
  int client = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  Cut();
  if (mode_ == Mode::kClosed) {
    close(client);
    return;
  }
  client_ = client;
  broker_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port_));
  if (connect(broker_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) Cut();
}

void Proxy::Forward(Direction direction) {
  bool to_broker = direction == Direction::kToBroker;
  PacketSplitter& splitter = to_broker ? to_broker_ : to_client_;
  char buffer[4096];
  ssize_t count = recv(to_broker ? client_ : broker_, buffer, sizeof(buffer), 0);
  if (count <= 0) return Cut();
  splitter.Add({buffer, static_cast<size_t>(count)});
  while (std::optional<MqttPacket> packet = splitter.Take()) Judge(direction, *packet);
}

void Proxy::Judge(Direction direction, const MqttPacket& packet) {
  Verdict verdict = rule_ ? rule_(direction, packet) : Verdict::kForward;
  switch (verdict.action) {
    case Verdict::kTwice:
      Send(direction, packet.bytes());
      [[fallthrough]];
    case Verdict::kForward:
      return Send(direction, packet.bytes());
    case Verdict::kDrop:
      return;
    case Verdict::kHold:
      return held_.push_back({direction, packet.bytes()});
    case Verdict::kCut:
      return Cut();
    case Verdict::kReplace:
      return Send(direction, verdict.replacement);
  }
}

void Proxy::Send(Direction direction, std::string_view bytes) {
  int to = direction == Direction::kToBroker ? broker_ : client_;
  while (to >= 0 && !bytes.empty()) {
    ssize_t sent = send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return Cut();
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void Proxy::Cut() {
  if (client_ >= 0) close(client_);
  if (broker_ >= 0) close(broker_);
  client_ = broker_ = -1;
  to_broker_ = to_client_ = {};
  held_.clear();
}

}  // namespace mqrpc::tests

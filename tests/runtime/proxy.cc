#include "proxy.h"

#include <fcntl.h>
#include <poll.h>

#include <utility>

namespace mqrpc::tests {

Proxy::Proxy(int port) : port_(port) {
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
  {
    internal::MutexLock lock(mutex_);
    wanted_ = mode;
  }
  EXPECT_EQ(write(wake_[1], "x", 1), 1);
  internal::MutexLock lock(mutex_);
  while (wanted_.has_value()) taken_.Wait(mutex_);
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
    if (polled[2].revents != 0) Forward(client_, broker_);
    if (polled[3].revents != 0 && broker_ >= 0) Forward(broker_, client_);
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
  mode_ = *std::exchange(wanted_, std::nullopt);
  if (mode_ != Mode::kHolding) Cut();
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

void Proxy::Forward(int from, int to) {
  char buffer[4096];
  ssize_t count = recv(from, buffer, sizeof(buffer), 0);
  ssize_t sent = 0;
  while (sent < count) {
    ssize_t more = send(to, buffer + sent, static_cast<size_t>(count - sent), MSG_NOSIGNAL);
    if (more <= 0) break;
    sent += more;
  }
  if (count <= 0 || sent < count) Cut();
}

void Proxy::Cut() {
  if (client_ >= 0) close(client_);
  if (broker_ >= 0) close(broker_);
  client_ = broker_ = -1;
}

}  // namespace mqrpc::tests

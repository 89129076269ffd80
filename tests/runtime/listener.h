#ifndef MQRPC_TESTS_RUNTIME_LISTENER_H_
#define MQRPC_TESTS_RUNTIME_LISTENER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace mqrpc::tests {

// A port of 127.0.0.1 where somebody listens who does not speak MQTT, or does not speak at all.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, any, size), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd() const { return fd_; }
  std::string address() const { return absl::StrCat("mqtt://127.0.0.1:", port_); }

  // Takes one connection, answers its first bytes with `text`, and closes it. What came.
  std::string AnswerOnce(const std::string& text) {
    int peer = accept(fd_, nullptr, nullptr);
    char buffer[1024];
    ssize_t count = recv(peer, buffer, sizeof(buffer), 0);
    EXPECT_GT(count, 0);
    EXPECT_EQ(send(peer, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    close(peer);
    return std::string(buffer, count > 0 ? static_cast<size_t>(count) : 0);
  }

 private:
  const int fd_;
  int port_ = 0;
};

// An address where nobody listens: whoever did has gone.
inline std::string DeadAddress() { return Listener().address(); }

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_LISTENER_H_

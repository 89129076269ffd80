// The bytes of docs/protocol.md, sent to a real server through a real broker.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "calculator.mqrpc.pb.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/status_details.h"
#include "mqrpc/testing/local_broker.h"

namespace {

namespace calculator = mqrpc::examples::calculator::v1;

// As in generated-examples/calculator.
class MyCalculator final : public calculator::Calculator::Service {
  absl::StatusOr<calculator::AddReply> Add(
      mqrpc::ServerContext&,
      const calculator::AddRequest& request) override {
    calculator::AddReply reply;
    reply.set_sum(request.a() + request.b());
    return reply;
  }

  absl::StatusOr<calculator::DivideReply> Divide(
      mqrpc::ServerContext&,
      const calculator::DivideRequest& request) override {
    absl::Status status = absl::InvalidArgumentError("the divisor is zero");
    calculator::DivisionByZero detail;
    detail.set_dividend(request.dividend());
    mqrpc::AddDetail(status, detail);
    return status;
  }
};

// The hex blocks of the page: bytes, then, after three spaces, what they are.
std::vector<std::string> HexBlocks() {
  std::ifstream page(std::string(MQRPC_SOURCE_DIR) + "/docs/protocol.md");
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line.rfind("```", 0) == 0) {
      inside = line == "```hex";
      if (inside) blocks.emplace_back();
    } else if (inside) {
      std::istringstream bytes(line.substr(0, line.find("   ")));
      for (int byte; bytes >> std::hex >> byte;) blocks.back().push_back(static_cast<char>(byte));
    }
  }
  return blocks;
}

// A client that knows no more of MQTT than whole packets.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { close(socket_); }

  void Send(const std::string& bytes) {
    EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  // The next packet of one of the types: the first byte's upper half.
  std::string Receive(int type) {
    while (true) {
      std::string packet = Take(1);
      size_t length = 0;
      for (int shift = 0;; shift += 7) {
        packet += Take(1);
        length |= static_cast<size_t>(packet.back() & 0x7F) << shift;
        if ((packet.back() & 0x80) == 0) break;
      }
      packet += Take(length);
      if ((static_cast<uint8_t>(packet[0]) >> 4) == type) return packet;
    }
  }

 private:
  std::string Take(size_t size) {
    std::string bytes(size, '\0');
    if (size > 0) {
      EXPECT_EQ(recv(socket_, bytes.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
    }
    return bytes;
  }

  const int socket_;
};

std::string Hex(const std::string& bytes) {
  std::ostringstream text;
  for (unsigned char byte : bytes) text << std::hex << (byte < 16 ? " 0" : " ") << int{byte};
  return text.str();
}

TEST(ProtocolBytesTest, TheDocumentedBytesAreACallAndItsReply) {
  auto broker = mqrpc::testing::LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  auto transport = mqrpc::ConnectMosquitto({.broker = (*broker)->address()});
  ASSERT_TRUE(transport.ok()) << transport.status();
  MyCalculator service;
  mqrpc::Server server(**transport, {.workers = 0});
  ASSERT_TRUE(server.Register(service).ok());
  ASSERT_TRUE(server.Start().ok());

  std::vector<std::string> blocks = HexBlocks();
  ASSERT_EQ(blocks.size(), 6u);
  RawClient client((*broker)->port());
  client.Send(std::string("\x10\x11\0\4MQTT\5\2\0\x3c\0\0\4docs", 19));
  client.Receive(2);  // CONNACK
  client.Send(std::string("\x82\x20\0\1\0\0\x1amqrpc/clients/docs/replies\x22", 34));
  client.Receive(9);  // SUBACK
  for (size_t i = 0; i < blocks.size(); i += 2) {
    client.Send(blocks[i]);
    EXPECT_EQ(Hex(client.Receive(3)), Hex(blocks[i + 1]));  // PUBLISH
  }
}

}  // namespace

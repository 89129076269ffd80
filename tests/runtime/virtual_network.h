#ifndef MQRPC_TESTS_RUNTIME_VIRTUAL_NETWORK_H_
#define MQRPC_TESTS_RUNTIME_VIRTUAL_NETWORK_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/log.h"
#include "mqrpc/testing/manual_loop.h"
#include "mqrpc/transport.h"

namespace mqrpc::tests {

// Lines with their level, of one thread.
class LogLines {
 public:
  LogSink Sink() {
    return [this](LogLevel level, std::string_view line) { lines_.emplace_back(level, line); };
  }

  // Lines with such a part, of whatever level.
  size_t Count(std::string_view part) const { return CountFrom(LogLevel::kDebug, part); }
  size_t CountErrors(std::string_view part) const { return CountFrom(LogLevel::kError, part); }

 private:
  size_t CountFrom(LogLevel lowest, std::string_view part) const {
    size_t count = 0;
    for (const auto& [level, line] : lines_) {
      count += level >= lowest && line.find(part) != std::string::npos;
    }
    return count;
  }

  std::vector<std::pair<LogLevel, std::string>> lines_;
};

// One who speaks MQTT and nothing above it, as scripted by a test.
class Peer {
 public:
  Peer(std::unique_ptr<Transport> transport, testing::ManualLoop& loop)
      : transport_(std::move(transport)), loop_(loop) {}

  // Messages to it are kept from now on.
  void Subscribe(std::string filter) {
    transport_->Subscribe({.filter = std::move(filter), .on_message = [this](Message message) {
                             received_.push_back(std::move(message));
                           }});
    loop_.RunUntilIdle();
  }

  // What the broker answers.
  ReasonCode Publish(Message message) {
    absl::StatusOr<ReasonCode> answer = absl::UnknownError("no answer");
    transport_->Publish(
        [&message] { return message; },
        [&answer](absl::StatusOr<ReasonCode> ack) { answer = std::move(ack); });
    loop_.RunUntilIdle();
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.value_or(ReasonCode::kUnspecifiedError);
  }

  const std::vector<Message>& received() const { return received_; }

 private:
  std::unique_ptr<Transport> transport_;
  testing::ManualLoop& loop_;
  std::vector<Message> received_;
};

// A broker in virtual time, all in the test's own thread.
struct VirtualNetwork {
  std::unique_ptr<Transport> Connect(std::string client_id) {
    return *broker.Connect(std::move(client_id));
  }
  Peer MakePeer(std::string client_id) { return Peer(Connect(std::move(client_id)), loop); }

  testing::ManualLoop loop;
  InProcessBroker broker{loop, {.presence_prefix = ""}};
  LogLines log;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_VIRTUAL_NETWORK_H_

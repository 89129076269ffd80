// What the in-process broker has beyond the contract of all transports.

#include "mqrpc/in_process_transport.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/testing/manual_loop.h"
#include "run_in_loop.h"

namespace mqrpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(InProcessBroker, ClientIdsAreUniqueWhileTheyLive) {
  InProcessBroker broker;
  auto first = broker.Connect("me");
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = broker.Connect("me");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("\"me\""));
  first->reset();
  EXPECT_TRUE(broker.Connect("me").ok());
}

TEST(InProcessBroker, WrongOptionsAreNamed) {
  InProcessBroker broker({.max_queued = 0});
  absl::Status status = broker.Connect("me").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("InProcessOptions::max_queued"));
}

TEST(InProcessBroker, DoesNothingUntilItsLoopIsTurned) {
  testing::ManualLoop loop;
  InProcessBroker broker(loop);
  auto transport = *broker.Connect("me");
  std::vector<std::string> heard;
  transport->Subscribe(
      {.filter = "a",
       .on_message = [&](Message message) { heard.push_back(message.payload); },
       .on_state = [&](const absl::Status& status) { heard.push_back(status.ToString()); }});
  transport->Publish(
      [] { return Message{.topic = "a", .payload = "hello"}; },
      [&](absl::StatusOr<ReasonCode> ack) { heard.push_back(ack.ok() ? "ack" : "no"); });
  EXPECT_THAT(heard, ElementsAre());
  loop.RunUntilIdle();
  EXPECT_THAT(heard, ElementsAre("OK", "hello", "ack"));
}

TEST(InProcessBroker, MessagesAreMadeWhenTheyLeave) {
  testing::ManualLoop loop;
  InProcessBroker broker(loop);
  auto transport = *broker.Connect("me");
  bool made = false;
  transport->Publish(
      [&made] {
        made = true;
        return Message{.topic = "a"};
      },
      nullptr);
  EXPECT_FALSE(made);
  loop.RunUntilIdle();
  EXPECT_TRUE(made);
}

// In virtual time everything is one thread, and so a connection can go in its own callback.
TEST(InProcessBroker, ConnectionMayGoInItsOwnCallback) {
  testing::ManualLoop loop;
  InProcessBroker broker(loop);
  std::unique_ptr<Transport> transport = *broker.Connect("me");
  int messages = 0;
  for (int i = 0; i < 2; ++i) {
    transport->Subscribe({.filter = "a", .on_message = [&](Message) {
                            ++messages;
                            transport.reset();
                          }});
  }
  for (int i = 0; i < 3; ++i) {
    transport->Publish(
        [] { return Message{.topic = "a"}; },
        [](absl::StatusOr<ReasonCode>) { ADD_FAILURE() << "it is gone"; });
  }
  loop.RunUntilIdle();
  EXPECT_EQ(messages, 1);
}

TEST(InProcessBroker, BrokerMayGoBeforeItsLoop) {
  testing::ManualLoop loop;
  {
    InProcessBroker broker(loop);
    auto transport = *broker.Connect("me");
    transport->Publish([] { return Message{.topic = "a"}; }, nullptr);
  }
  loop.RunUntilIdle();
}

TEST(InProcessBroker, ConnectionsComeAndGoOnAnyThread) {
  InProcessBroker broker;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&broker, i] {
      for (int round = 0; round < 100; ++round) {
        auto transport = *broker.Connect("thread-" + std::to_string(i));
        internal::RunInLoop(transport->loop(), [&transport] {
          transport->Subscribe({.filter = "$share/g/a", .on_message = [](Message) {}});
          transport->Publish([] { return Message{.topic = "a"}; }, nullptr);
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace mqrpc

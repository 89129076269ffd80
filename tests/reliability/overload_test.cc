// Far more calls than the bounds allow, to a server that has been stopped.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "calculator.mqrpc.pb.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "pause.h"
#include "support/events.h"
#include "testing/child_process.h"

namespace mqrpc::tests {
namespace {

using examples::calculator::v1::AddReply;
using examples::calculator::v1::AddRequest;
using examples::calculator::v1::Calculator;

// Of this process, in MiB.
size_t MemoryInUse() {
  size_t total = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4096 >> 20;
}

bool IsRefusal(const absl::Status& status) {
  return absl::IsResourceExhausted(status) &&
         absl::StrContains(status.message(), "max_outstanding_calls (5000)");
}

TEST(OverloadTest, CallsBeyondTheBoundAreRefusedAtOnceAndTheOthersWait) {
  constexpr size_t kCalls = 100'000;
  constexpr size_t kBound = 5'000;
  auto broker = testing::LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  std::string log = absl::StrCat(::testing::TempDir(), "/overload-", (*broker)->port(), ".log");
  auto server = testing::ChildProcess::Start(
      {MQRPC_CALCULATOR_SERVER, "--broker", (*broker)->address()},
      log);
  ASSERT_TRUE(server.ok()) << server.status();
  auto transport = ConnectMosquitto({.broker = (*broker)->address()});
  ASSERT_TRUE(transport.ok()) << transport.status();
  auto channel =
      std::make_unique<Channel>(**transport, ChannelOptions{.max_outstanding_calls = kBound});
  Calculator::Stub calculator(*channel);
  ASSERT_TRUE(calculator.Add({}, {.wait_for_ready = true}).ok());
  Pause(server->pid());
  size_t before = MemoryInUse();

  Events events;
  std::atomic<size_t> refused = 0;
  std::atomic<size_t> cancelled = 0;
  for (size_t i = 0; i < kCalls; ++i) {
    calculator.AddAsync({}).Then([&](absl::StatusOr<AddReply> reply) {
      if (IsRefusal(reply.status())) ++refused;
      if (absl::IsCancelled(reply.status())) ++cancelled;
      events.Notify();
    });
  }

  // They have been told, in this thread, while they were started.
  EXPECT_EQ(refused, kCalls - kBound);
  EXPECT_EQ(channel->stats().calls_outstanding, kBound);
  EXPECT_LE(channel->stats().calls_waiting, kBound);
  std::cout << before << " MiB before, " << MemoryInUse() << " MiB with " << kBound
            << " calls under way and " << refused << " refused\n";

  channel.reset();
  EXPECT_TRUE(events.WaitForCount(kCalls));
  EXPECT_EQ(cancelled, kBound);
  std::filesystem::remove(log);
}

}  // namespace
}  // namespace mqrpc::tests

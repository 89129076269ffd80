// Clients that are killed in the midst of their calls.

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "runtime/fake_echo.h"
#include "support/events.h"
#include "testing/child_process.h"

namespace mqrpc::tests {
namespace {

std::unique_ptr<Transport> Connect(const testing::LocalBroker& broker) {
  auto transport = ConnectMosquitto({.broker = broker.address()});
  EXPECT_TRUE(transport.ok()) << transport.status();
  return *std::move(transport);
}

TEST(ClientDeathTest, NeitherTheServerNorOtherClientsSufferFromIt) {
  auto broker = testing::LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  auto serving = Connect(**broker);
  auto calling = Connect(**broker);
  std::string log = absl::StrCat(::testing::TempDir(), "/clients-", (*broker)->port(), ".log");
  Events events;
  std::atomic<size_t> ran = 0;
  FakeEcho service;
  service.say = [&](ServerContext&, const Text& request) -> absl::StatusOr<Text> {
    ++ran;
    events.Notify();
    return request;
  };
  RunningServer server(*serving, service);
  Channel channel(*calling);
  Echo::Stub echo(channel);

  for (int i = 0; i < 5; ++i) {
    auto client = testing::ChildProcess::Start({MQRPC_CALLING_CLIENT, (*broker)->address()}, log);
    ASSERT_TRUE(client.ok()) << client.status();
    size_t before = ran;
    ASSERT_TRUE(events.WaitUntil([&] { return ran >= before + 1'000; }));
    client->Kill();
    for (int call = 0; call < 100; ++call) ASSERT_THAT(echo.Say(MakeText("still here")), IsOk());
  }
  server->Shutdown(absl::Seconds(30));

  ServerStats stats = server->stats();
  EXPECT_EQ(stats.calls_running, 0u);
  EXPECT_EQ(stats.calls_queued, 0u);
  EXPECT_EQ(stats.calls_received, ran);
  EXPECT_EQ(stats.calls_answered, ran);  // or lost, which answered replies may be too
  std::filesystem::remove(log);
}

}  // namespace
}  // namespace mqrpc::tests

// Calls to one server by its name, in real time, over every medium.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::HasSubstr;

using Code = absl::StatusCode;

using RpcInstanceTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcInstanceTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

// Says who was called, and by which name.
FakeEcho::Method SayWho(const std::string& name) {
  return [name](ServerContext& context, const Text&) -> absl::StatusOr<Text> {
    return MakeText(absl::StrCat(name, " as \"", std::string(context.instance()), "\""));
  };
}

TEST_P(RpcInstanceTest, ACallGoesToTheServerThatHasTheName) {
  FakeEcho left;
  left.say = SayWho("left");
  FakeEcho right;
  right.say = SayWho("right");
  RunningServer left_server(Connect("left"), left, {.instances = {"boiler-7", "boiler-8"}});
  RunningServer right_server(Connect("right"), right, {.instances = {"boiler-9"}});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(echo.Say(Text(), {.instance = "boiler-7"})->text(), "left as \"boiler-7\"");
    EXPECT_EQ(echo.Say(Text(), {.instance = "boiler-8"})->text(), "left as \"boiler-8\"");
    EXPECT_EQ(echo.Say(Text(), {.instance = "boiler-9"})->text(), "right as \"boiler-9\"");
  }
  EXPECT_THAT(echo.Say(Text())->text(), HasSubstr("as \"\""));
}

Task<absl::StatusOr<Text>> SayTo7(Echo::Stub echo) {
  co_return co_await echo.SayAsync(Text(), {.instance = "boiler-7"});
}

TEST_P(RpcInstanceTest, ACoroutineNamesItToo) {
  FakeEcho service;
  service.say = SayWho("server");
  RunningServer server(Connect("server"), service, {.instances = {"boiler-7"}});
  Channel channel(Connect("client"));

  EXPECT_EQ(SayTo7(Echo::Stub(channel)).Wait()->text(), "server as \"boiler-7\"");
}

TEST_P(RpcInstanceTest, ANameThatNobodyHasIsUnavailableAtOnce) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service, {.instances = {"boiler-7"}});
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});

  EXPECT_THAT(
      Echo::Stub(channel).Say(Text(), {.instance = "boiler-1"}),
      StatusIs(Code::kUnavailable, HasSubstr("mqrpc/instances/boiler-1/mqrpc.tests.Echo/Say")));
}

TEST_P(RpcInstanceTest, AServiceThatItHasNotGotIsUnimplemented) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service, {.instances = {"boiler-7"}});
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});

  Call<Text> other = channel.Start<Text>({"acme.Other", "Say"}, Text(), {.instance = "boiler-7"});
  EXPECT_THAT(other.Wait(), StatusIs(Code::kUnimplemented, HasSubstr("acme.Other")));
  EXPECT_THAT(
      Echo::Stub(channel).Ask(Text(), {.instance = "boiler-7"}),
      StatusIs(Code::kUnimplemented, HasSubstr("mqrpc.tests.Echo/Ask")));
}

TEST_P(RpcInstanceTest, ANameIsOneLevelOfATopic) {
  Channel channel(Connect("client"));
  for (const char* name : {"a/b", "+", "#", "$a"}) {
    EXPECT_THAT(
        Echo::Stub(channel).Say(Text(), {.instance = name}),
        StatusIs(Code::kInvalidArgument, HasSubstr("CallOptions::instance")));
  }
}

// The channel forgets those that it does not call at present.
TEST_P(RpcInstanceTest, ThereMayBeThousands) {
  constexpr int kDevices = 3'000;
  FakeEcho service;
  service.say = SayWho("gateway");
  std::vector<std::string> names;
  for (int i = 0; i < kDevices; ++i) names.push_back(absl::StrCat("device-", i));
  RunningServer server(Connect("server"), service, {.instances = names, .workers = 0});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  for (int round = 0; round < 2; ++round) {
    std::vector<Call<Text>> calls;
    for (const std::string& name : names) {
      calls.push_back(echo.SayAsync(Text(), {.instance = name}));
      if (calls.size() < 100) continue;
      for (Call<Text>& call : calls) EXPECT_THAT(call.Wait(), IsOk());
      calls.clear();
    }
  }
}

TEST_P(RpcInstanceTest, ACancelReachesIt) {
  Gate gate;
  Events events;
  EventLog<std::string> log(events);
  FakeEcho service;
  service.say = [&](ServerContext& context, const Text& request) -> absl::StatusOr<Text> {
    std::stop_callback note(context.stop_token(), [&] { log.Add("stopped"); });
    log.Add("runs");
    EXPECT_TRUE(gate.Wait());
    return request;
  };
  RunningServer server(Connect("server"), service, {.instances = {"boiler-7"}});
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});
  Call<Text> call = Echo::Stub(channel).SayAsync(Text(), {.instance = "boiler-7"});
  ASSERT_TRUE(events.WaitUntil([&] { return log.Size() == 1; }));

  call.Cancel();

  EXPECT_TRUE(events.WaitUntil([&] { return log.Size() == 2; }));
  gate.Open();
}

}  // namespace
}  // namespace mqrpc::tests

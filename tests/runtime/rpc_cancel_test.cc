// Calls that are given up, from a stub to a handler, in real time, over every medium.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "fake_echo.h"
#include "gate.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using RpcCancelTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcCancelTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

// Waits until it is to stop, and notes that.
FakeEcho::Method WaitForStop(EventLog<std::string>& log) {
  return [&log](ServerContext& context, const Text&) -> absl::StatusOr<Text> {
    log.Add("runs");
    std::mutex mutex;
    std::condition_variable_any condition;
    std::unique_lock lock(mutex);
    condition.wait(lock, context.stop_token(), [] { return false; });
    EXPECT_TRUE(context.IsCancelled());
    log.Add("stopped");
    return absl::CancelledError("as was wished");
  };
}

class Started {
 public:
  bool WaitFor(size_t count) {
    return events_.WaitUntil([this, count] { return log_.Size() == count; });
  }
  EventLog<std::string>& log() { return log_; }

 private:
  Events events_;
  EventLog<std::string> log_{events_};
};

TEST_P(RpcCancelTest, ACancelStopsTheHandler) {
  Started started;
  FakeEcho service;
  service.say = WaitForStop(started.log());
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});
  Call<Text> call = Echo::Stub(channel).SayAsync(MakeText("hello"));
  ASSERT_TRUE(started.WaitFor(1));

  call.Cancel();

  EXPECT_TRUE(started.WaitFor(2));
  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  EXPECT_EQ(server->stats().calls_cancelled, 1u);
}

TEST_P(RpcCancelTest, SoDoesADroppedHandle) {
  Started started;
  FakeEcho service;
  service.say = WaitForStop(started.log());
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});
  {
    Call<Text> call = Echo::Stub(channel).SayAsync(MakeText("hello"));
    ASSERT_TRUE(started.WaitFor(1));
  }
  EXPECT_TRUE(started.WaitFor(2));
}

TEST_P(RpcCancelTest, SoDoesAChannelThatGoes) {
  Started started;
  FakeEcho service;
  service.say = WaitForStop(started.log());
  RunningServer server(Connect("server"), service);
  auto channel =
      std::make_unique<Channel>(Connect("client"), ChannelOptions{.timeout = absl::Hours(1)});
  Call<Text> call = Echo::Stub(*channel).SayAsync(MakeText("hello"));
  ASSERT_TRUE(started.WaitFor(1));

  channel.reset();

  EXPECT_TRUE(started.WaitFor(2));
}

TEST_P(RpcCancelTest, SoDoesAStopToken) {
  Started started;
  FakeEcho service;
  service.say = WaitForStop(started.log());
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});
  std::stop_source stop;
  Call<Text> call =
      Echo::Stub(channel).SayAsync(MakeText("hello"), {.stop_token = stop.get_token()});
  ASSERT_TRUE(started.WaitFor(1));

  stop.request_stop();

  EXPECT_TRUE(started.WaitFor(2));
  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  EXPECT_THAT(
      Echo::Stub(channel).Say(MakeText("too late"), {.stop_token = stop.get_token()}),
      StatusIs(absl::StatusCode::kCancelled, ::testing::_));
}

TEST_P(RpcCancelTest, ACancelReachesWhatTheHandlerCalls) {
  Started started;
  FakeEcho service;
  Channel inner(Connect("inner"), {.timeout = absl::Hours(1)});
  service.say = [&inner](ServerContext& context, const Text& request) {
    return Echo::Stub(inner).Ask(request, CallOptions::From(context));
  };
  service.ask = WaitForStop(started.log());
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});
  Call<Text> call = Echo::Stub(channel).SayAsync(MakeText("hello"));
  ASSERT_TRUE(started.WaitFor(1));

  call.Cancel();

  EXPECT_TRUE(started.WaitFor(2));
}

TEST_P(RpcCancelTest, ADetachedCallGoesOn) {
  Gate gate;
  Started started;
  FakeEcho service;
  service.say = [&](ServerContext& context, const Text& request) -> absl::StatusOr<Text> {
    EXPECT_TRUE(gate.Wait());
    EXPECT_FALSE(context.IsCancelled());
    started.log().Add("done");
    return request;
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub(channel).SayAsync(MakeText("hello")).Detach();
  gate.Open();

  EXPECT_TRUE(started.WaitFor(1));
}

TEST_P(RpcCancelTest, TheDeadlineStopsTheHandler) {
  Started started;
  FakeEcho service;
  service.say = WaitForStop(started.log());
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  EXPECT_THAT(
      Echo::Stub(channel).Say(MakeText("hello"), {.timeout = absl::Milliseconds(300)}),
      StatusIs(absl::StatusCode::kDeadlineExceeded, ::testing::_));
  EXPECT_TRUE(started.WaitFor(2));
}

TEST_P(RpcCancelTest, ACallThatWaitsForAWorkerDoesNotRun) {
  Gate gate;
  Started started;
  FakeEcho service;
  service.say = [&](ServerContext&, const Text& request) -> absl::StatusOr<Text> {
    started.log().Add(request.text());
    EXPECT_TRUE(gate.Wait());
    return request;
  };
  service.ping = SayTheSame;
  RunningServer server(Connect("server"), service, {.workers = 1});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  Call<Text> first = echo.SayAsync(MakeText("first"));
  ASSERT_TRUE(started.WaitFor(1));
  Call<Text> second = echo.SayAsync(MakeText("second"));
  EXPECT_THAT(echo.Ping(Text()), IsOk());  // so that it has come
  second.Cancel();
  EXPECT_THAT(second.Wait(), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  EXPECT_THAT(echo.Ping(Text()), IsOk());  // so that its cancel has come too
  gate.Open();
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(echo.Say(MakeText("third")), IsOk());

  EXPECT_EQ(started.log().Items(), (std::vector<std::string>{"first", "third"}));
}

}  // namespace
}  // namespace mqrpc::tests

// Calls from a stub to a service and back, in real time, over every medium.

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "mqrpc/status_details.h"
#include "run_in_loop.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using RpcTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

// How a number of calls ended, each known by its index.
class Outcomes {
 public:
  explicit Outcomes(size_t calls) : times_(calls) {}

  void Add(size_t call, const absl::Status& status) {
    ++times_[call];
    ++(status.ok() ? answered_ : absl::IsCancelled(status) ? cancelled_ : failed_);
    ++total_;
    events_.Notify();
  }

  bool WaitForAll() { return events_.WaitForCount(times_.size()); }
  bool EachEndedOnce() const {
    return std::all_of(times_.begin(), times_.end(), [](const auto& times) { return times == 1; });
  }
  size_t total() const { return total_; }
  size_t answered() const { return answered_; }
  size_t cancelled() const { return cancelled_; }
  size_t failed() const { return failed_; }

 private:
  Events events_;
  std::vector<std::atomic<int>> times_;
  std::atomic<size_t> total_ = 0;
  std::atomic<size_t> answered_ = 0;
  std::atomic<size_t> cancelled_ = 0;
  std::atomic<size_t> failed_ = 0;
};

// Runs `work` of each of the threads' numbers, and returns when all are done.
void OnThreads(size_t count, const std::function<void(size_t)>& work) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST_P(RpcTest, ABlockingCallReturnsTheReply) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  absl::StatusOr<Text> reply = Echo::Stub(channel).Say(MakeText("hello"));

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "hello");
}

TEST_P(RpcTest, AnEmptyRequestAndAnEmptyReplyAreAllRight) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  absl::StatusOr<Text> reply = Echo::Stub(channel).Say(Text());

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "");
}

TEST_P(RpcTest, ALargePayloadArrivesAsItWas) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  std::string text(3'000'000, 'x');
  text[1'234'567] = '\0';

  absl::StatusOr<Text> reply = Echo::Stub(channel).Say(MakeText(text));

  ASSERT_THAT(reply, IsOk());
  EXPECT_TRUE(reply->text() == text);
}

TEST_P(RpcTest, CallsAtEachQosAreAnswered) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);

  for (QoS qos : {QoS::kAtMostOnce, QoS::kAtLeastOnce, QoS::kExactlyOnce}) {
    EXPECT_THAT(echo.Say(MakeText("hello"), {.qos = qos}), IsOk());
  }
}

// One who speaks MQTT and nothing above it.
class RawClient {
 public:
  explicit RawClient(Transport& transport) : transport_(transport) {
    internal::RunInLoop(transport_.loop(), [this] {
      transport_.Subscribe({.filter = "answers", .on_message = [this](Message message) {
                              replies_.Add(std::move(message));
                            }});
    });
  }

  // The next message that comes.
  Message Ask(Message request) {
    request.response_topic = "answers";
    size_t before = replies_.Size();
    internal::RunInLoop(transport_.loop(), [this, &request] {
      transport_.Publish([request] { return request; }, [](absl::StatusOr<ReasonCode>) {});
    });
    EXPECT_TRUE(events_.WaitUntil([this, before] { return replies_.Size() > before; }));
    return replies_.Size() > before ? replies_.Items()[before] : Message();
  }

 private:
  Transport& transport_;
  Events events_;
  EventLog<Message> replies_{events_};
};

TEST_P(RpcTest, AnyCorrelationDataComesBackAsItWas) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  RawClient client(Connect("client"));
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));

  const std::optional<std::string> correlations[] = {
      std::nullopt,
      "",
      all_bytes,
      std::string(65535, '\xff')};
  for (const std::optional<std::string>& correlation : correlations) {
    Message request = {
        .topic = "mqrpc/services/mqrpc.tests.Echo/Say",
        .correlation_data = correlation};
    EXPECT_TRUE(client.Ask(request).correlation_data == correlation);
  }
}

TEST_P(RpcTest, ServerAndChannelMayShareAConnection) {
  FakeEcho service;
  service.say = SayTheSame;
  Transport& connection = Connect("both");
  RunningServer server(connection, service);
  Channel channel(connection);
  Channel other_channel(connection);

  EXPECT_THAT(Echo::Stub(channel).Say(MakeText("hello")), IsOk());
  EXPECT_THAT(Echo::Stub(other_channel).Say(MakeText("hello")), IsOk());
}

TEST_P(RpcTest, AsynchronousCallsRunAtOnceAndAreWaitedForInAnyOrder) {
  Gate gate;
  FakeEcho service;
  service.say = SayTheSame;
  service.ask = SayTheSameBehind(gate);
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);

  Call<Text> first = echo.AskAsync(MakeText("first"));
  Call<Text> second = echo.SayAsync(MakeText("second"));

  EXPECT_EQ(second.Wait()->text(), "second");
  gate.Open();
  EXPECT_EQ(first.Wait()->text(), "first");
}

TEST_P(RpcTest, ThenRunsOnTheChannelsThread) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Transport& connection = Connect("client");
  Channel channel(connection);
  Events events;
  EventLog<std::string> replies(events);

  Echo::Stub(channel).SayAsync(MakeText("hello")).Then([&](absl::StatusOr<Text> reply) {
    EXPECT_FALSE(connection.loop().InLoop());
    replies.Add(reply->text());
  });

  ASSERT_TRUE(events.WaitUntil([&] { return replies.Size() == 1; }));
  EXPECT_EQ(replies.Items().front(), "hello");
}

TEST_P(RpcTest, AContinuationMayWaitForAnotherCall) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  Events events;
  EventLog<absl::Status> results(events);

  echo.SayAsync(MakeText("one")).Then([&](absl::StatusOr<Text>) {
    results.Add(echo.Say(MakeText("two")).status());
  });

  ASSERT_TRUE(events.WaitUntil([&] { return results.Size() == 1; }));
  EXPECT_THAT(results.Items().front(), IsOk());
}

TEST_P(RpcTest, AnErrorComesWithItsDetails) {
  FakeEcho service;
  service.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    absl::Status status = absl::InvalidArgumentError("kein Gruß");
    Reason reason;
    reason.set_number(42);
    AddDetail(status, reason);
    return status;
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  absl::StatusOr<Text> reply = Echo::Stub(channel).Say(Text());

  EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument, "kein Gruß"));
  std::optional<Reason> reason = GetDetail<Reason>(reply.status());
  ASSERT_TRUE(reason.has_value());
  EXPECT_EQ(reason->number(), 42);
}

TEST_P(RpcTest, AMethodThatIsNotOverriddenIsUnimplemented) {
  FakeEcho service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  EXPECT_THAT(
      Echo::Stub(channel).Say(Text()),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("mqrpc.tests.Echo/Say")));
}

TEST_P(RpcTest, ACallThatTakesTooLongEndsByItsDeadline) {
  Gate gate;
  FakeEcho service;
  service.say = [&gate](ServerContext& context, const Text& request) {
    EXPECT_GT(context.TimeRemaining(), absl::ZeroDuration());
    EXPECT_LE(context.TimeRemaining(), absl::Milliseconds(500));
    EXPECT_TRUE(gate.Wait());
    return absl::StatusOr<Text>(request);
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  EXPECT_THAT(
      Echo::Stub(channel).Say(Text(), {.timeout = absl::Milliseconds(500)}),
      StatusIs(
          absl::StatusCode::kDeadlineExceeded,
          AllOf(HasSubstr("mqrpc.tests.Echo/Say"), HasSubstr("500ms"))));
  gate.Open();
}

TEST_P(RpcTest, ACallToNobodyFailsAtOnce) {
  Channel channel(Connect("client"), {.timeout = absl::Hours(1)});

  EXPECT_THAT(
      Echo::Stub(channel).Say(Text()),
      StatusIs(
          absl::StatusCode::kUnavailable,
          HasSubstr("nobody is subscribed to mqrpc/services/mqrpc.tests.Echo/Say")));
}

TEST_P(RpcTest, AServerThatHasShutDownIsNotCalledAnyMore) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  EXPECT_THAT(echo.Say(Text()), IsOk());

  server->Shutdown();

  EXPECT_THAT(echo.Say(Text()), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody")));
}

TEST_P(RpcTest, ShutdownFinishesTheCallsThatItHas) {
  Gate gate;
  FakeEcho service;
  service.say = SayTheSameBehind(gate);
  RunningServer server(Connect("server"), service, {.workers = 1});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  std::vector<Call<Text>> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(echo.SayAsync(MakeText("hello")));
  // Answered without a worker, so that all of them have arrived when it is.
  Call<Text> unknown = channel.Start<Text>({Echo::kServiceName, "Unknown"}, Text());
  EXPECT_THAT(unknown.Wait(), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Unknown")));

  std::thread shutdown([&] { server->Shutdown(); });
  gate.Open();
  shutdown.join();

  for (Call<Text>& call : calls) EXPECT_THAT(call.Wait(), IsOk());
  EXPECT_EQ(server->stats().calls_answered, 4u);
}

// Whether the broker has queued them for the server, or it has taken them, or neither.
TEST_P(RpcTest, NoCallIsLostByAServerThatShutsDown) {
  constexpr size_t kCalls = 1000;
  Events events;
  std::atomic<size_t> runs = 0;
  FakeEcho service;
  service.say = [&](ServerContext&, const Text& request) {
    ++runs;
    events.Notify();
    return absl::StatusOr<Text>(request);
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  std::vector<Call<Text>> calls;
  for (size_t i = 0; i < kCalls; ++i) calls.push_back(echo.SayAsync(Text()));
  ASSERT_TRUE(events.WaitForCount(1));

  server->Shutdown(absl::Minutes(1));

  size_t answered = 0;
  for (Call<Text>& call : calls) {
    absl::StatusOr<Text> reply = call.Wait();
    if (reply.ok()) {
      ++answered;
    } else {
      EXPECT_THAT(reply, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody")));
    }
  }
  EXPECT_EQ(answered, runs);
}

TEST_P(RpcTest, TheServersOfAGroupShareTheCalls) {
  constexpr size_t kCalls = 200;
  Outcomes runs(kCalls);
  std::atomic<int> runs_of[2] = {0, 0};
  FakeEcho services[2];
  for (int i : {0, 1}) {
    services[i].say = [&runs, &runs_of, i](ServerContext&, const Text& request) {
      runs.Add(static_cast<size_t>(std::stoi(request.text())), absl::OkStatus());
      ++runs_of[i];
      return absl::StatusOr<Text>(request);
    };
  }
  RunningServer one(Connect("one"), services[0]);
  RunningServer two(Connect("two"), services[1]);
  Channel channel(Connect("client"));

  OnThreads(4, [&](size_t thread) {
    for (size_t i = thread; i < kCalls; i += 4) {
      EXPECT_THAT(Echo::Stub(channel).Say(MakeText(absl::StrCat(i))), IsOk());
    }
  });

  EXPECT_EQ(runs.total(), kCalls);
  EXPECT_TRUE(runs.EachEndedOnce());
  EXPECT_GT(runs_of[0], 0);
  EXPECT_GT(runs_of[1], 0);
}

TEST_P(RpcTest, ServersOfTwoGroupsBothRunACall) {
  Events events;
  EventLog<int> runs(events);
  FakeEcho service;
  service.say = [&](ServerContext&, const Text& request) {
    runs.Add(1);
    return absl::StatusOr<Text>(request);
  };
  RunningServer one(Connect("one"), service, {.group = "one"});
  RunningServer two(Connect("two"), service, {.group = "two"});
  Channel channel(Connect("client"));

  EXPECT_THAT(Echo::Stub(channel).Say(Text()), IsOk());

  EXPECT_TRUE(events.WaitUntil([&] { return runs.Size() == 2; }));
}

TEST_P(RpcTest, CallsOfAnotherPrefixAreNotSeen) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service, {.prefixes = {"tenants/acme"}});
  Channel channel(Connect("client"));
  Channel acme(Connect("acme"), {.prefix = "tenants/acme"});

  EXPECT_THAT(Echo::Stub(acme).Say(Text()), IsOk());
  EXPECT_THAT(
      Echo::Stub(channel).Say(Text()),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody")));
}

TEST_P(RpcTest, TenThousandCallsOutstandingAtOnceAllComplete) {
  constexpr size_t kThreads = 8;
  constexpr size_t kCalls = 10'000;
  Gate gate;
  FakeEcho service;
  service.say = SayTheSameBehind(gate);
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.timeout = absl::Minutes(5)});
  Outcomes outcomes(kCalls);

  OnThreads(kThreads, [&](size_t thread) {
    Echo::Stub echo(channel);
    for (size_t i = thread; i < kCalls; i += kThreads) {
      echo.SayAsync(MakeText(absl::StrCat(i))).Then([&, i](absl::StatusOr<Text> reply) {
        EXPECT_EQ(reply.ok() ? reply->text() : reply.status().ToString(), absl::StrCat(i));
        outcomes.Add(i, reply.status());
      });
    }
  });
  EXPECT_EQ(channel.stats().calls_started, kCalls);
  EXPECT_EQ(outcomes.total(), 0u);
  gate.Open();

  ASSERT_TRUE(outcomes.WaitForAll()) << outcomes.total();
  EXPECT_TRUE(outcomes.EachEndedOnce());
  EXPECT_EQ(outcomes.answered(), kCalls);
  EXPECT_EQ(channel.stats().calls_completed, kCalls);
  EXPECT_EQ(channel.stats().late_replies, 0u);
}

TEST_P(RpcTest, DestroyingTheChannelCompletesEveryCallOnce) {
  constexpr size_t kThreads = 8;
  constexpr size_t kCallsOfEach = 500;
  Gate gate;
  FakeEcho service;
  service.say = SayTheSameBehind(gate);
  service.ask = SayTheSame;
  RunningServer server(Connect("server"), service);
  auto channel = std::make_unique<Channel>(Connect("client"));
  Outcomes outcomes(kThreads * kCallsOfEach);

  // Half of them cannot be answered before the channel goes; the others are being answered. Of each
  // half, a part is waited for.
  std::vector<Call<Text>> handles[kThreads];
  OnThreads(kThreads, [&](size_t thread) {
    Echo::Stub echo(*channel);
    for (size_t i = 0; i < kCallsOfEach; ++i) {
      size_t number = thread * kCallsOfEach + i;
      Call<Text> call = i % 2 == 0 ? echo.SayAsync(Text()) : echo.AskAsync(Text());
      if (i % 10 < 2) {
        handles[thread].push_back(std::move(call));
      } else {
        std::move(call).Then([&outcomes, number](absl::StatusOr<Text> reply) {
          outcomes.Add(number, reply.status());
        });
      }
    }
  });
  std::thread waiters([&] {
    OnThreads(kThreads, [&](size_t thread) {
      for (size_t i = 0; i < handles[thread].size(); ++i) {
        size_t number = thread * kCallsOfEach + i / 2 * 10 + i % 2;
        outcomes.Add(number, handles[thread][i].Wait().status());
      }
    });
  });
  channel.reset();
  waiters.join();

  EXPECT_EQ(outcomes.total(), kThreads * kCallsOfEach);
  EXPECT_TRUE(outcomes.EachEndedOnce());
  EXPECT_GE(outcomes.cancelled(), kThreads * kCallsOfEach / 2);
  EXPECT_EQ(outcomes.failed(), 0u);
  gate.Open();
}

TEST_P(RpcTest, DestroyingTheChannelEndsABlockingCall) {
  Gate gate;
  Events events;
  EventLog<int> running(events);
  FakeEcho service;
  service.say = SayTheSameBehind(gate, &running);
  RunningServer server(Connect("server"), service);
  auto channel = std::make_unique<Channel>(Connect("client"));
  std::thread caller([&channel] {
    EXPECT_EQ(Echo::Stub(*channel).Say(Text()).status().code(), absl::StatusCode::kCancelled);
  });
  ASSERT_TRUE(events.WaitUntil([&] { return running.Size() == 1; }));
  channel.reset();
  caller.join();
  gate.Open();
}

TEST_P(RpcTest, BlockingCallsOfManyThreadsDoNotHinderOneAnother) {
  constexpr size_t kThreads = 4;
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  OnThreads(kThreads, [&](size_t thread) {
    Echo::Stub echo(channel);
    Text request;
    for (size_t i = 0; i < 250; ++i) {
      request.set_text(absl::StrCat(thread, " ", i));
      absl::StatusOr<Text> reply = echo.Say(request);
      ASSERT_TRUE(reply.ok()) << reply.status();
      EXPECT_EQ(reply->text(), request.text());
    }
  });
}

TEST_P(RpcTest, AChannelMayBeDestroyedInAContinuationOfItsOwn) {
  FakeEcho service;
  service.say = SayTheSame;
  Gate gate;
  service.ask = SayTheSameBehind(gate);
  RunningServer server(Connect("server"), service);
  auto channel = std::make_unique<Channel>(Connect("client"));
  Echo::Stub echo(*channel);
  Outcomes outcomes(3);

  auto ends = [&outcomes](size_t call) {
    return [&outcomes, call](absl::StatusOr<Text> reply) { outcomes.Add(call, reply.status()); };
  };
  echo.AskAsync(Text()).Then(ends(0));
  echo.AskAsync(Text()).Then(ends(1));
  echo.SayAsync(Text()).Then([&](absl::StatusOr<Text> reply) {
    channel.reset();
    outcomes.Add(2, reply.status());
  });

  EXPECT_TRUE(outcomes.WaitForAll()) << outcomes.total();
  EXPECT_TRUE(outcomes.EachEndedOnce());
  EXPECT_EQ(outcomes.answered(), 1u);
  EXPECT_EQ(outcomes.cancelled(), 2u);
  gate.Open();
}

TEST_P(RpcTest, BlockingInAnInlineHandlerIsRefused) {
  Transport& connection = Connect("server");
  Channel channel(connection);
  std::atomic<int> asked = 0;
  FakeEcho service;
  service.say = [&channel](ServerContext&, const Text& request) {
    return Echo::Stub(channel).Ask(request);
  };
  service.ask = [&asked](ServerContext&, const Text& request) {
    ++asked;
    return absl::StatusOr<Text>(request);
  };
  RunningServer server(connection, service, {.workers = 0});
  Channel client(Connect("client"));
  Echo::Stub echo(client);

  EXPECT_THAT(
      echo.Say(Text()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("connection's own thread")));
  // What was refused does not run behind its caller's back.
  EXPECT_THAT(echo.Ask(Text()), IsOk());
  EXPECT_EQ(asked, 1);
}

TEST_P(RpcTest, AHandlerMayCallOtherServicesThroughItsOwnConnection) {
  Transport& connection = Connect("server");
  Channel channel(connection);
  FakeEcho service;
  service.say = [&channel](ServerContext&, const Text& request) {
    return Echo::Stub(channel).Ask(request);
  };
  service.ask = SayTheSame;
  RunningServer server(connection, service, {.workers = 2});
  Channel client(Connect("client"));

  absl::StatusOr<Text> reply = Echo::Stub(client).Say(MakeText("nested"));

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "nested");
}

// The place of a call is free again before its caller can know of the result.
TEST_P(RpcTest, OneOutstandingCallAfterTheOtherIsNeverTooMany) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.max_outstanding_calls = 1});
  Echo::Stub echo(channel);

  for (int i = 0; i < 500; ++i) ASSERT_THAT(echo.Say(Text()), IsOk()) << i;
}

TEST_P(RpcTest, AContinuationMayStartTheNextOfOneOutstandingCall) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.max_outstanding_calls = 1});
  Outcomes outcomes(300);

  std::function<void(size_t)> start = [&](size_t call) {
    Echo::Stub(channel).SayAsync(Text()).Then([&, call](absl::StatusOr<Text> reply) {
      if (call + 1 < 300) start(call + 1);
      outcomes.Add(call, reply.status());
    });
  };
  start(0);

  EXPECT_TRUE(outcomes.WaitForAll()) << outcomes.total();
  EXPECT_EQ(outcomes.answered(), 300u);
}

TEST_P(RpcTest, ACallThatAsksForNoReplyRuns) {
  Events events;
  EventLog<bool> wanted(events);
  FakeEcho service;
  service.say = [&wanted](ServerContext& context, const Text&) {
    wanted.Add(context.wants_reply());
    return absl::StatusOr<Text>(absl::InternalError("nobody hears of it"));
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);

  EXPECT_THAT(echo.SayNotify(Text()).Wait(), IsOk());

  ASSERT_TRUE(events.WaitUntil([&wanted] { return wanted.Size() == 1; }));
  EXPECT_FALSE(wanted.Items()[0]);
}

TEST_P(RpcTest, OrSaysThatNobodyServesIt) {
  Channel channel(Connect("client"));
  EXPECT_THAT(
      Echo::Stub(channel).SayNotify(Text()).Wait(),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody is subscribed")));
}

TEST_P(RpcTest, AQuickMethodNeedsNoWorker) {
  Gate gate;
  FakeEcho service;
  service.say = SayTheSameBehind(gate);
  service.ping = SayTheSame;
  RunningServer server(Connect("server"), service, {.workers = 1});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  Call<Text> slow = echo.SayAsync(MakeText("slow"));
  Call<Text> queued = echo.SayAsync(MakeText("queued"));

  absl::StatusOr<Text> reply = echo.Ping(MakeText("quick"));

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "quick");

  gate.Open();
  EXPECT_THAT(slow.Wait(), IsOk());
  EXPECT_THAT(queued.Wait(), IsOk());
}

TEST_P(RpcTest, AChannelThatShutsDownFinishesItsCalls) {
  Gate gate;
  Events events;
  EventLog<int> running(events);
  FakeEcho service;
  service.say = SayTheSameBehind(gate, &running);
  RunningServer server(Connect("server"), service, {.workers = 4});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    echo.SayAsync(Text()).Then([&answered](auto reply) { answered += reply.ok() ? 1 : 0; });
  }
  ASSERT_TRUE(events.WaitUntil([&] { return running.Size() == 4; }));

  std::thread shutdown([&channel] { channel.Shutdown(absl::InfiniteDuration()); });
  gate.Open();
  shutdown.join();

  EXPECT_EQ(answered, 8);
  EXPECT_THAT(
      echo.Say(Text()),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("shut down")));
}

TEST_P(RpcTest, OrCancelsThemWhenItsGraceIsOver) {
  Gate gate;
  FakeEcho service;
  service.say = SayTheSameBehind(gate);
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Call<Text> call = Echo::Stub(channel).SayAsync(Text());

  channel.Shutdown(absl::ZeroDuration());

  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("shut down")));
  gate.Open();
}

TEST_P(RpcTest, FarMoreCallsThanTheWindowAreSentAsOthersAreAnswered) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.max_unanswered = 3});
  Echo::Stub echo(channel);

  std::vector<Call<Text>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(echo.SayAsync(Text()));

  for (Call<Text>& call : calls) EXPECT_THAT(call.Wait(), IsOk());
}

// Keeps so many calls in flight until all have been made.
class SteadyLoad {
 public:
  SteadyLoad(Channel& channel, size_t calls) : echo_(channel), left_(calls) {}

  bool Run(size_t in_flight) {
    size_t calls = left_;
    for (size_t i = 0; i < in_flight; ++i) StartNext();
    return events_.WaitForCount(calls);
  }
  size_t wrong() const { return wrong_; }

 private:
  void StartNext() {
    size_t number = left_.fetch_sub(1);
    std::string text = absl::StrCat("call ", number);
    echo_.SayAsync(MakeText(text)).Then([this, text](absl::StatusOr<Text> reply) {
      if (!reply.ok() || reply->text() != text) ++wrong_;
      // One at a time: continuations run on one thread, after the start of the first ones.
      if (static_cast<int64_t>(left_) > 0) StartNext();
      events_.Notify();
    });
  }

  Echo::Stub echo_;
  Events events_;
  std::atomic<size_t> left_;
  std::atomic<size_t> wrong_ = 0;
};

TEST_P(RpcTest, CallsThatWaitAnywayShareMessages) {
  FakeEcho service;
  service.say = SayTheSame;
  Transport& connection = Connect("server");
  RunningServer server(connection, service);
  Transport& client = Connect("client");
  Channel channel(client);
  constexpr size_t kCalls = 5'000;
  SteadyLoad load(channel, kCalls);

  EXPECT_TRUE(load.Run(200));

  EXPECT_EQ(load.wrong(), 0u);
  EXPECT_EQ(server->stats().calls_received, kCalls);
  EXPECT_LT(client.stats().messages_sent, kCalls / 2);
}

TEST_P(RpcTest, AndTheServersOfAGroupStillDivideTheWork) {
  FakeEcho service;
  service.say = SayTheSame;
  std::vector<std::unique_ptr<RunningServer>> servers;
  for (const char* name : {"one", "two", "three", "four"}) {
    servers.push_back(std::make_unique<RunningServer>(Connect(name), service));
  }
  Transport& client = Connect("client");
  Channel channel(client);
  constexpr size_t kCalls = 100'000;
  SteadyLoad load(channel, kCalls);

  EXPECT_TRUE(load.Run(200));

  EXPECT_EQ(load.wrong(), 0u);
  EXPECT_LT(client.stats().messages_sent, kCalls / 2);
  for (const auto& server : servers) {
    EXPECT_NEAR(static_cast<double>((*server)->stats().calls_received), kCalls / 4, kCalls / 40);
  }
}

TEST_P(RpcTest, AThousandCoroutinesRunOnOneThread) {
  constexpr size_t kTasks = 1'000;
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  auto thread = internal::WaitingThread::Make();
  Channel channel(Connect("client"), {.executor = thread.get()});
  size_t left = kTasks;  // no locks: all of them run here
  std::thread::id here = std::this_thread::get_id();

  auto converse = [&](Echo::Stub echo, size_t number) -> Task<void> {
    Text text = MakeText(absl::StrCat("task ", number));
    for (int i = 0; i < 5; ++i) {
      absl::StatusOr<Text> reply = co_await echo.SayAsync(text);
      EXPECT_TRUE(std::this_thread::get_id() == here);
      EXPECT_TRUE(reply.ok() && reply->text() == text.text()) << reply.status();
    }
    if (--left == 0) thread->Leave();
  };
  for (size_t i = 0; i < kTasks; ++i) converse(Echo::Stub(channel), i).Detach();
  EXPECT_EQ(left, kTasks);
  thread->RunUntilLeft();

  EXPECT_EQ(left, 0u);
  EXPECT_EQ(channel.stats().calls_completed, kTasks * 5);
}

}  // namespace
}  // namespace mqrpc::tests

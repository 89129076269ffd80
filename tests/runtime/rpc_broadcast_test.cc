// Questions to all servers, in real time, over every medium.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "mqrpc/task.h"
#include "status_matchers.h"
#include "topics.mqrpc.pb.h"

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using Code = absl::StatusCode;

using RpcBroadcastTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcBroadcastTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

struct FakeHealth final : Health::Service {
  using Method = std::function<absl::StatusOr<ValveReply>(ServerContext&, const ValveRequest&)>;
  explicit FakeHealth(Method method = nullptr) : check(std::move(method)) {}

  absl::StatusOr<ValveReply> Check(ServerContext& context, const ValveRequest& request) override {
    return check ? check(context, request) : Service::Check(context, request);
  }
  absl::StatusOr<ValveReply> CheckThere(ServerContext& context, const ValveRequest& request)
      override {
    return Check(context, request);
  }
  absl::StatusOr<ValveReply> Reset(ServerContext& context, const ValveRequest& request) override {
    return Check(context, request);
  }

  const Method check;
};

FakeHealth::Method Say(std::string text) {
  return [text](ServerContext&, const ValveRequest&) -> absl::StatusOr<ValveReply> {
    ValveReply reply;
    reply.set_text(text);
    return reply;
  };
}

FakeHealth::Method Fail(absl::Status status) {
  return [status](ServerContext&, const ValveRequest&) { return status; };
}

// As an answer that is OK, or its status.
std::string TextOf(const Answer<ValveReply>& answer) {
  return answer.result.ok() ? answer.result->text() : answer.result.status().ToString();
}

std::map<std::string, std::string> ByResponder(const std::vector<Answer<ValveReply>>& answers) {
  std::map<std::string, std::string> texts;
  for (const Answer<ValveReply>& answer : answers) {
    EXPECT_TRUE(texts.emplace(answer.responder, TextOf(answer)).second) << answer.responder;
  }
  return texts;
}

// Those that come in a window; in a longer one if there are none, as may be on a busy machine.
std::map<std::string, std::string> AnswersWithin(Channel& channel, absl::Duration window) {
  auto query = Health::Stub(channel).Check({}, {.window = window});
  EXPECT_EQ(query.end(), QueryEnd::kNotYet);
  std::map<std::string, std::string> answers = ByResponder(query.Collect());
  EXPECT_EQ(query.end(), QueryEnd::kWindow);
  EXPECT_THAT(query.status(), IsOk());
  return answers.empty() ? AnswersWithin(channel, 2 * window) : answers;
}

// A group of servers, and a channel to them.
class Plant {
 public:
  void Add(Transport& transport, FakeHealth::Method method, ServerOptions options = {}) {
    services_.push_back(std::make_unique<FakeHealth>(std::move(method)));
    servers_.push_back(
        std::make_unique<RunningServer>(transport, *services_.back(), std::move(options)));
  }
  RunningServer& server(size_t i) { return *servers_[i]; }

 private:
  std::vector<std::unique_ptr<FakeHealth>> services_;
  std::vector<std::unique_ptr<RunningServer>> servers_;
};

// Far longer than it takes.
constexpr absl::Duration kLongWindow = absl::Seconds(60);

TEST_P(RpcBroadcastTest, FiftyResponders) {
  Gate gate;
  Plant plant;
  std::map<std::string, std::string> expected;
  std::vector<std::string> alive;
  for (int i = 0; i < 50; ++i) {
    std::string name = absl::StrCat("server-", i);
    FakeHealth::Method method = Say(absl::StrCat("I am ", i));
    expected[name] = absl::StrCat("I am ", i);
    if (i == 7 || i == 8) {
      method = Fail(absl::DataLossError(name));
      expected[name] = absl::StrCat("DATA_LOSS: ", name);
    }
    if (i == 9) {
      expected.erase(name);
      method = [&gate](ServerContext&, const ValveRequest&) -> absl::StatusOr<ValveReply> {
        EXPECT_TRUE(gate.Wait());
        return ValveReply();
      };
    }
    plant.Add(Connect(name), std::move(method), {.workers = 1});
    if (i != 9) alive.push_back(name);
  }
  Channel channel(Connect("client"));

  auto query = Health::Stub(channel).Check({}, {.window = kLongWindow, .responders = alive});

  EXPECT_EQ(ByResponder(query.Collect()), expected);
  EXPECT_EQ(expected.size(), 49u);
  EXPECT_EQ(query.end(), QueryEnd::kAllResponders);
  EXPECT_THAT(query.status(), IsOk());
  gate.Open();
}

TEST_P(RpcBroadcastTest, EndsWithItsWindow) {
  Gate gate;
  Plant plant;
  plant.Add(Connect("one"), Say("1"));
  plant.Add(Connect("stuck"), [&gate](ServerContext&, const ValveRequest&) {
    EXPECT_TRUE(gate.Wait());
    return ValveReply();
  });
  Channel channel(Connect("client"));
  EXPECT_THAT(AnswersWithin(channel, absl::Milliseconds(300)), ElementsAre(Pair("one", "1")));
  gate.Open();
}

// The others are told that they need not go on.
TEST_P(RpcBroadcastTest, EndsWithEnoughAnswers) {
  Events events;
  EventLog<std::string> stopped(events);
  Gate slow_runs;  // a cancel before that would only keep it from being run
  Plant plant;
  plant.Add(Connect("one"), [&](ServerContext& context, const ValveRequest& request) {
    EXPECT_TRUE(slow_runs.Wait());
    return Say("1")(context, request);
  });
  plant.Add(Connect("slow"), [&](ServerContext& context, const ValveRequest&) {
    Gate told;
    std::stop_callback callback(context.stop_token(), [&told] { told.Open(); });
    slow_runs.Open();
    EXPECT_TRUE(told.Wait());
    stopped.Add("slow");
    return ValveReply();
  });
  Channel channel(Connect("client"));
  auto query = Health::Stub(channel).Check({}, {.window = kLongWindow, .max_answers = 1});
  EXPECT_THAT(ByResponder(query.Collect()), ElementsAre(Pair("one", "1")));
  EXPECT_EQ(query.end(), QueryEnd::kEnough);
  EXPECT_TRUE(events.WaitUntil([&] { return stopped.Size() == 1; }));
}

TEST_P(RpcBroadcastTest, WhoHasNothingToSaySaysNothing) {
  Plant plant;
  plant.Add(Connect("one"), Say("1"));
  plant.Add(Connect("declines"), [](ServerContext& context, const ValveRequest&) {
    EXPECT_TRUE(context.is_broadcast());
    return context.Decline("not mine");
  });
  plant.Add(Connect("does not override"), nullptr);
  Channel channel(Connect("client"));
  EXPECT_THAT(AnswersWithin(channel, absl::Milliseconds(300)), ElementsAre(Pair("one", "1")));
  EXPECT_EQ(plant.server(1)->stats().calls_answered, 0u);
  EXPECT_EQ(plant.server(2)->stats().calls_answered, 0u);
}

TEST_P(RpcBroadcastTest, AnOrdinaryCallThatIsDeclinedGoesToAnother) {
  Plant plant;
  plant.Add(Connect("declines"), [](ServerContext& context, const ValveRequest&) {
    return context.Decline("not mine");
  });
  Channel channel(Connect("client"));
  Health::Stub health(channel);
  EXPECT_THAT(
      health.Reset({}, {.retry = RetryPolicy{.max_attempts = 1}}),
      StatusIs(Code::kUnavailable, HasSubstr("Health/Reset was declined: not mine")));
  plant.Add(Connect("accepts"), Say("done"));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(health.Reset({})->text(), "done");
}

TEST_P(RpcBroadcastTest, NobodyIsThere) {
  Channel channel(Connect("client"));
  auto query = Health::Stub(channel).Check({}, {.window = kLongWindow});
  EXPECT_EQ(query.Next(), std::nullopt);
  EXPECT_EQ(query.end(), QueryEnd::kFailed);
  EXPECT_THAT(
      query.status(),
      StatusIs(Code::kUnavailable, HasSubstr("mqrpc/broadcast/mqrpc.tests.Health/Check")));
}

TEST_P(RpcBroadcastTest, WhatCannotBeAskedSaysWhy) {
  Channel channel(Connect("client"));
  auto query = Health::Stub(channel).Check({}, {.max_answers = 0});
  EXPECT_EQ(query.Next(), std::nullopt);
  EXPECT_THAT(query.status(), StatusIs(Code::kInvalidArgument, HasSubstr("max_answers")));
  auto late = Health::Stub(channel).Check({}, {.window = absl::ZeroDuration()});
  EXPECT_THAT(late.Collect(), IsEmpty());
  EXPECT_THAT(late.status(), StatusIs(Code::kInvalidArgument, HasSubstr("timeout")));
  auto nowhere = Health::Stub(channel).CheckThere({});
  EXPECT_THAT(nowhere.Collect(), IsEmpty());
  EXPECT_THAT(nowhere.status(), StatusIs(Code::kInvalidArgument, HasSubstr("{plant}")));
}

TEST_P(RpcBroadcastTest, MayHaveATopicOfItsOwn) {
  Plant plant;
  plant.Add(Connect("north"), Say("n"), {.topic_tokens = {{"plant", "north"}}});
  plant.Add(Connect("south"), Say("s"), {.topic_tokens = {{"plant", "south"}}});
  plant.Add(Connect("both"), Say("b"));
  Channel channel(Connect("client"), {.topic_tokens = {{"plant", "north"}}});
  auto query = Health::Stub(channel).CheckThere({}, {.window = kLongWindow, .max_answers = 2});
  EXPECT_THAT(ByResponder(query.Collect()), ElementsAre(Pair("both", "b"), Pair("north", "n")));
}

TEST_P(RpcBroadcastTest, MetadataAndJsonAreOfEachAnswer) {
  Plant plant;
  for (std::string name : {"one", "two"}) {
    plant.Add(Connect(name), [name](ServerContext& context, const ValveRequest& request) {
      EXPECT_THAT(context.headers(), ElementsAre(Pair("tenant", "acme")));
      EXPECT_THAT(context.AddTrailer("from", name), IsOk());
      ValveReply reply;
      reply.set_text(request.text());
      return reply;
    });
  }
  Channel channel(Connect("client"), {.encoding = Encoding::kJson});
  ValveRequest request;
  request.set_text("Grüße");
  auto query = Health::Stub(channel).Check(
      request,
      {.window = kLongWindow, .max_answers = 2, .call = {.headers = {{"tenant", "acme"}}}});
  while (auto answer = query.Next()) {
    EXPECT_EQ(TextOf(*answer), "Grüße");
    EXPECT_THAT(answer->metadata.trailers, ElementsAre(Pair("from", answer->responder)));
  }
  EXPECT_EQ(query.end(), QueryEnd::kEnough);
}

Task<std::set<std::string>> CollectLater(Health::Stub health) {
  std::set<std::string> texts;
  QueryOptions options;
  options.window = kLongWindow;
  options.max_answers = 3;
  Query<ValveReply> query = health.Check({}, options);
  while (auto answer = co_await query.NextAsync()) texts.insert(TextOf(*answer));
  EXPECT_EQ(query.end(), QueryEnd::kEnough);
  co_return texts;
}

TEST_P(RpcBroadcastTest, IsReadByACoroutine) {
  Plant plant;
  for (std::string name : {"one", "two", "three"}) plant.Add(Connect(name), Say(name));
  Channel channel(Connect("client"));
  EXPECT_THAT(
      CollectLater(Health::Stub(channel)).Wait(),
      UnorderedElementsAre("one", "two", "three"));
}

TEST_P(RpcBroadcastTest, ADroppedQueryStopsTheHandlers) {
  Events events;
  EventLog<std::string> log(events);
  Plant plant;
  plant.Add(Connect("slow"), [&](ServerContext& context, const ValveRequest&) {
    log.Add("runs");
    Gate told;
    std::stop_callback callback(context.stop_token(), [&told] { told.Open(); });
    EXPECT_TRUE(told.Wait());
    log.Add("stopped");
    return ValveReply();
  });
  Channel channel(Connect("client"));
  {
    auto query = Health::Stub(channel).Check({}, {.window = kLongWindow});
    ASSERT_TRUE(events.WaitUntil([&] { return log.Size() == 1; }));
    query.Cancel();
    EXPECT_EQ(query.Next(), std::nullopt);
    EXPECT_THAT(query.status(), StatusIs(Code::kCancelled, _));
  }
  EXPECT_TRUE(events.WaitUntil([&] { return log.Size() == 2; }));
}

TEST_P(RpcBroadcastTest, AChannelThatGoesEndsIt) {
  Gate gate;
  Plant plant;
  plant.Add(Connect("stuck"), [&gate](ServerContext&, const ValveRequest&) {
    EXPECT_TRUE(gate.Wait());
    return ValveReply();
  });
  auto channel = std::make_unique<Channel>(Connect("client"));
  auto query = Health::Stub(*channel).Check({}, {.window = kLongWindow});
  channel.reset();
  EXPECT_EQ(query.Next(), std::nullopt);
  EXPECT_EQ(query.end(), QueryEnd::kFailed);
  gate.Open();
}

TEST_P(RpcBroadcastTest, NotifyGoesToAll) {
  Events events;
  EventLog<std::string> log(events);
  Plant plant;
  for (std::string name : {"one", "two"}) {
    plant.Add(Connect(name), [&log, name](ServerContext& context, const ValveRequest&) {
      EXPECT_FALSE(context.wants_reply());
      log.Add(name);
      return ValveReply();
    });
  }
  Channel channel(Connect("client"));
  EXPECT_THAT(Health::Stub(channel).CheckNotify({}).Wait(), IsOk());
  EXPECT_TRUE(events.WaitUntil([&] { return log.Size() == 2; }));
  EXPECT_THAT(log.Items(), UnorderedElementsAre("one", "two"));
}

}  // namespace
}  // namespace mqrpc::tests

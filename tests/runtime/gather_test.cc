// Several calls waited for at once, in virtual time but where threads meet.

#include "mqrpc/gather.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "held_executor.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"
#include "support/events.h"
#include "thread_pool.h"
#include "virtual_network.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class GatherTest : public ::testing::Test {
 protected:
  GatherTest() { server_.Subscribe("mqrpc/services/mqrpc.tests.Echo/+"); }

  std::vector<Call<Text>> Start(size_t count) {
    std::vector<Call<Text>> calls;
    for (size_t i = 0; i < count; ++i) {
      calls.push_back(echo_.SayAsync(MakeText(absl::StrCat("call ", i))));
    }
    loop_.RunUntilIdle();
    return calls;
  }

  // One that is refused before it is started.
  Call<Text> Refused() { return echo_.SayAsync({}, {.timeout = absl::ZeroDuration()}); }

  void Gather(std::vector<Call<Text>> calls, GatherOptions options = {}) {
    mqrpc::Gather(std::move(calls), options).Then([this](Outcomes<Text> outcomes) {
      outcomes_ = std::move(outcomes);
    });
  }

  // To the request that is `index`-th of all.
  void Reply(size_t index) { Reply(index, server_.received().at(index).payload); }
  // With what is no Text: INTERNAL.
  void Fail(size_t index) { Reply(index, "\xff"); }
  void Reply(size_t index, std::string payload) {
    const Message& request = server_.received().at(index);
    server_.Publish(
        {.topic = *request.response_topic,
         .payload = std::move(payload),
         .correlation_data = request.correlation_data});
  }

  bool is_settled() const { return outcomes_.has_value(); }
  uint64_t completed() const { return channel_.stats().calls_completed; }

  VirtualNetwork network_;
  testing::ManualLoop& loop_ = network_.loop;
  Peer server_ = network_.MakePeer("server");
  std::unique_ptr<Transport> connection_ = network_.Connect("client");
  Channel channel_{*connection_, {.executor = &loop_}};
  Echo::Stub echo_{channel_};
  std::optional<Outcomes<Text>> outcomes_;
};

auto IsUnneeded() { return StatusIs(absl::StatusCode::kCancelled, HasSubstr("not needed")); }
auto IsUnreadable() { return StatusIs(absl::StatusCode::kInternal, HasSubstr("Text")); }

TEST_F(GatherTest, AllAreKnownByTheirIndex) {
  Gather(Start(3));
  Reply(1);
  Reply(2);
  EXPECT_FALSE(is_settled());
  Reply(0);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(outcomes_->status, IsOk());
  ASSERT_THAT(outcomes_->results, SizeIs(3));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(outcomes_->results[i]->text(), absl::StrCat("call ", i));
  }
  EXPECT_THAT(outcomes_->succeeded, ElementsAre(1, 2, 0));
}

TEST_F(GatherTest, OfAllTheFirstThatFailsSettlesIt) {
  Gather(Start(3));
  Reply(2);
  Fail(1);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(
      outcomes_->status,
      StatusIs(
          absl::StatusCode::kInternal,
          AllOf(HasSubstr("1 of 3 calls failed, and 3 were to succeed"), HasSubstr("call 1: "))));
  EXPECT_THAT(outcomes_->results, ElementsAre(IsUnneeded(), IsUnreadable(), IsOk()));
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 3u);
}

TEST_F(GatherTest, OfAnyTheFirstThatSucceedsSettlesIt) {
  Gather(Start(3), {.successes = 1});
  Fail(2);
  EXPECT_FALSE(is_settled());
  Reply(1);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(outcomes_->status, IsOk());
  EXPECT_THAT(outcomes_->succeeded, ElementsAre(1));
  EXPECT_THAT(outcomes_->results, ElementsAre(IsUnneeded(), IsOk(), IsUnreadable()));
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 3u);
  EXPECT_EQ(channel_.stats().calls_outstanding, 0u);
}

TEST_F(GatherTest, OfAnyTheLastThatFailsSettlesIt) {
  Gather(Start(2), {.successes = 1});
  Fail(1);
  EXPECT_FALSE(is_settled());
  Fail(0);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(
      outcomes_->status,
      StatusIs(
          absl::StatusCode::kInternal,
          AllOf(HasSubstr("2 of 2 calls failed, and 1 were to"), HasSubstr("call 0: "))));
}

TEST_F(GatherTest, OfAFewItGoesOnAsLongAsTheyAreInReach) {
  Gather(Start(4), {.successes = 2});
  Fail(0);
  Reply(1);
  Fail(2);
  EXPECT_FALSE(is_settled());
  Fail(3);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(outcomes_->status, StatusIs(absl::StatusCode::kInternal, HasSubstr("3 of 4")));
  EXPECT_THAT(outcomes_->succeeded, ElementsAre(1));
}

TEST_F(GatherTest, TooManyFailuresMayBeFewer) {
  Gather(Start(5), {.successes = 1, .failures = 2});
  Fail(0);
  EXPECT_FALSE(is_settled());
  Fail(1);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(outcomes_->status, StatusIs(absl::StatusCode::kInternal, HasSubstr("2 of 5")));
}

TEST_F(GatherTest, OrNone) {
  Gather(Start(3), {.failures = 100});
  Fail(0);
  Reply(1);
  EXPECT_FALSE(is_settled());
  Reply(2);
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(
      outcomes_->status,
      StatusIs(
          absl::StatusCode::kInternal,
          AllOf(HasSubstr("1 of 3 calls failed, and 3 were to"), HasSubstr("call 0: "))));
  EXPECT_THAT(outcomes_->results, ElementsAre(IsUnreadable(), IsOk(), IsOk()));
}

TEST_F(GatherTest, NoneOfNoneIsMissing) {
  Gather({});
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(outcomes_->status, IsOk());
  EXPECT_THAT(outcomes_->results, IsEmpty());
}

TEST_F(GatherTest, MoreThanThereAreIsAnErrorAtOnce) {
  Gather({}, {.successes = 1});
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(
      outcomes_->status,
      StatusIs(absl::StatusCode::kInvalidArgument, "GatherOptions::successes is 1, of 0 calls"));

  Gather(Start(2), {.successes = 3});
  EXPECT_THAT(outcomes_->status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("of 2")));
  EXPECT_THAT(outcomes_->results, Each(IsUnneeded()));
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 2u);
}

TEST_F(GatherTest, NoFailuresAtAllCannotBeTooMany) {
  Gather(Start(1), {.failures = 0});
  EXPECT_THAT(outcomes_->status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is 0")));
}

TEST_F(GatherTest, NothingIsReachedAtOnce) {
  Gather(Start(2), {.successes = 0});
  EXPECT_THAT(outcomes_->status, IsOk());
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 2u);
}

TEST_F(GatherTest, CallsThatWereRefusedCountAtOnce) {
  std::vector<Call<Text>> calls = Start(2);
  calls.push_back(Refused());
  Gather(std::move(calls));
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(
      outcomes_->status,
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr("1 of 3 calls"), HasSubstr("call 2: "), HasSubstr("timeout"))));
}

TEST_F(GatherTest, AndTheOthersAreWaitedFor) {
  std::vector<Call<Text>> calls = Start(2);
  calls.push_back(Refused());
  Gather(std::move(calls), {.successes = 2});
  Reply(0);
  EXPECT_FALSE(is_settled());
  Reply(1);
  EXPECT_THAT(outcomes_->succeeded, ElementsAre(0, 1));
}

TEST_F(GatherTest, NotificationsAnswerStatuses) {
  std::vector<Call<void>> calls;
  calls.push_back(echo_.SayNotify(Text()));
  calls.push_back(echo_.SayNotify({}, {.timeout = absl::ZeroDuration()}));
  std::optional<Outcomes<void>> outcomes;
  mqrpc::Gather(std::move(calls), {.successes = 1}).Then([&outcomes](Outcomes<void> result) {
    outcomes = std::move(result);
  });
  loop_.RunUntilIdle();
  ASSERT_TRUE(outcomes.has_value());
  EXPECT_THAT(outcomes->status, IsOk());
  EXPECT_THAT(
      outcomes->results,
      ElementsAre(IsOk(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeout"))));
}

TEST_F(GatherTest, ATaskThatAwaitsItGoesOnOnItsExecutor) {
  HeldExecutor executor;
  auto task = [this](std::vector<Call<Text>> calls) -> Task<void> {
    outcomes_ = co_await mqrpc::Gather(std::move(calls));
  };
  task(Start(2)).On(executor).Detach();
  Reply(0);
  Reply(1);
  EXPECT_FALSE(is_settled());
  executor.RunAll();
  ASSERT_TRUE(is_settled());
  EXPECT_THAT(outcomes_->results, Each(IsOk()));
}

TEST_F(GatherTest, DroppingItCancelsTheCalls) {
  { auto unstarted = mqrpc::Gather(Start(2)); }
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 2u);
  {
    auto started = mqrpc::Gather(Start(2));
    started.Start();
  }
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 4u);
  Reply(2);
  EXPECT_EQ(channel_.stats().calls_outstanding, 0u);
}

// In real time.
class ThreadedGatherTest : public ::testing::Test {
 protected:
  ThreadedGatherTest() {
    service_.say = SayTheSame;
    service_.ask = SayTheSameBehind(gate_);
    server_.emplace(*server_connection_, service_);
  }
  ~ThreadedGatherTest() override { gate_.Open(); }

  std::vector<Call<Text>> Say(size_t count) {
    std::vector<Call<Text>> calls;
    for (size_t i = 0; i < count; ++i) calls.push_back(echo_.SayAsync(Text()));
    return calls;
  }

  InProcessBroker broker_;
  std::unique_ptr<Transport> server_connection_ = *broker_.Connect("server");
  std::unique_ptr<Transport> connection_ = *broker_.Connect("client");
  Gate gate_;
  FakeEcho service_;
  std::optional<RunningServer> server_;
  internal::ThreadPool pool_{4};
  Channel channel_{*connection_, {.executor = &pool_}};
  Echo::Stub echo_{channel_};
};

TEST_F(ThreadedGatherTest, WaitWaitsForAll) {
  Outcomes<Text> outcomes = Gather(Say(100)).Wait();
  EXPECT_THAT(outcomes.status, IsOk());
  EXPECT_THAT(outcomes.results, AllOf(SizeIs(100), Each(IsOk())));
}

TEST_F(ThreadedGatherTest, WaitWaitsForTheFirst) {
  std::vector<Call<Text>> calls = Say(1);
  calls.push_back(echo_.AskAsync(Text()));
  Outcomes<Text> outcomes = Gather(std::move(calls), {.successes = 1}).Wait();
  EXPECT_THAT(outcomes.status, IsOk());
  EXPECT_THAT(outcomes.succeeded, ElementsAre(0));
}

// Replies come on several threads of the executor while it is settled, and while the calls are
// still being listened to.
TEST_F(ThreadedGatherTest, ItIsSettledOnceWhicheverThreadsTheRepliesComeOn) {
  Events events;
  EventLog<size_t> successes(events);
  constexpr size_t kRounds = 300;
  for (size_t i = 0; i < kRounds; ++i) {
    Gather(Say(8), {.successes = 1 + i % 8}).Then([&](Outcomes<Text> outcomes) {
      successes.Add(outcomes.succeeded.size());
    });
  }
  ASSERT_TRUE(events.WaitForCount(kRounds));
  size_t sum = 0;
  for (size_t count : successes.Items()) sum += count;
  size_t expected = 0;
  for (size_t i = 0; i < kRounds; ++i) expected += 1 + i % 8;
  EXPECT_EQ(sum, expected);
}

TEST_F(ThreadedGatherTest, TasksMayBeDroppedOnTheirExecutorWhileRepliesCome) {
  internal::ThreadPool executor(1);
  Channel channel(*connection_, {.executor = &executor});
  Echo::Stub echo(channel);
  Events events;
  constexpr uint64_t kRounds = 300;
  for (uint64_t i = 0; i < kRounds; ++i) {
    std::vector<Call<Text>> calls;
    for (int call = 0; call < 4; ++call) calls.push_back(echo.SayAsync(Text()));
    auto task = std::make_shared<Task<Outcomes<Text>>>(Gather(std::move(calls)));
    executor.Run([task] { task->Start(); });
    executor.Run([&events, task = std::move(task)]() mutable {
      task.reset();
      events.Notify();
    });
  }
  EXPECT_TRUE(events.WaitForCount(kRounds));
}

}  // namespace
}  // namespace mqrpc::tests

// Calls awaited in coroutines, in virtual time but where threads meet.

#include "mqrpc/task.h"

#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TaskTest : public ::testing::Test {
 protected:
  TaskTest() { server_.Subscribe("mqrpc/services/mqrpc.tests.Echo/+"); }

  // To the request that is `index`-th of all.
  void Reply(size_t index) {
    const Message& request = server_.received().at(index);
    server_.Publish(
        {.topic = *request.response_topic,
         .payload = request.payload,
         .correlation_data = request.correlation_data});
  }

  // A call, awaited.
  Task<std::string> Say(std::string text) {
    absl::StatusOr<Text> reply = co_await echo_.SayAsync(MakeText(std::move(text)));
    co_return reply.ok() ? reply->text() : reply.status().ToString();
  }

  Task<void> SayAndTell(std::string text) { told_.push_back(co_await Say(std::move(text))); }

  uint64_t completed() const { return channel_.stats().calls_completed; }

  VirtualNetwork network_;
  testing::ManualLoop& loop_ = network_.loop;
  Peer server_ = network_.MakePeer("server");
  std::unique_ptr<Transport> connection_ = network_.Connect("client");
  Channel channel_{*connection_, {.executor = &loop_}};
  Echo::Stub echo_{channel_};
  std::vector<std::string> told_;
};

TEST_F(TaskTest, NothingRunsBeforeItIsStarted) {
  { Task<void> task = SayAndTell("hello"); }
  loop_.RunUntilIdle();
  EXPECT_THAT(server_.received(), IsEmpty());
}

TEST_F(TaskTest, ItRunsUpToItsFirstCallAndGoesOnAtTheReply) {
  SayAndTell("hello").Detach();
  loop_.RunUntilIdle();
  EXPECT_THAT(told_, IsEmpty());
  Reply(0);
  EXPECT_THAT(told_, ElementsAre("hello"));
}

TEST_F(TaskTest, ThenTellsWhatItAnswers) {
  Say("hello").Then([this](std::string answer) { told_.push_back(std::move(answer)); });
  loop_.RunUntilIdle();
  Reply(0);
  EXPECT_THAT(told_, ElementsAre("hello"));
}

TEST_F(TaskTest, ThenOfATaskThatAnswersNothing) {
  SayAndTell("hello").Then([this] { told_.push_back("the end"); });
  loop_.RunUntilIdle();
  Reply(0);
  EXPECT_THAT(told_, ElementsAre("hello", "the end"));
}

TEST_F(TaskTest, WhatItTookIsGoneWhenItsContinuationRuns) {
  auto taken = std::make_shared<int>(7);
  long uses = 0;
  auto task = [](std::shared_ptr<int> argument) -> Task<int> { co_return *argument; }(taken);
  EXPECT_EQ(taken.use_count(), 2);
  task.Then([&](int) { uses = taken.use_count(); });
  EXPECT_EQ(uses, 1);
}

TEST_F(TaskTest, AnswersMayBeMoveOnly) {
  auto task = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  auto outer = [&task]() -> Task<int> { co_return *co_await task(); };
  EXPECT_EQ(outer().Wait(), 7);
}

TEST_F(TaskTest, CallsAreAwaitedOneAfterTheOther) {
  auto twice = [this]() -> Task<void> {
    told_.push_back(co_await Say("first"));
    told_.push_back(co_await Say("second"));
  };
  twice().Detach();
  loop_.RunUntilIdle();
  EXPECT_EQ(server_.received().size(), 1u);
  Reply(0);
  EXPECT_EQ(server_.received().size(), 2u);
  Reply(1);
  EXPECT_THAT(told_, ElementsAre("first", "second"));
}

TEST_F(TaskTest, CallsThatWereStartedTogetherAreAwaitedInAnyOrder) {
  auto both = [this]() -> Task<void> {
    Call<Text> first = echo_.SayAsync(MakeText("first"));
    Call<Text> second = echo_.SayAsync(MakeText("second"));
    told_.push_back((co_await std::move(second))->text());
    told_.push_back((co_await std::move(first))->text());
  };
  both().Detach();
  loop_.RunUntilIdle();
  Reply(0);
  EXPECT_THAT(told_, IsEmpty());
  Reply(1);
  EXPECT_THAT(told_, ElementsAre("second", "first"));
}

TEST_F(TaskTest, AnErrorComesAsAStatus) {
  auto task = [this]() -> Task<void> {
    auto reply = co_await echo_.SayAsync({}, {.timeout = absl::Seconds(3)});
    told_.push_back(absl::StatusCodeToString(reply.status().code()));
  };
  task().Detach();
  loop_.Advance(absl::Seconds(3));
  EXPECT_THAT(told_, ElementsAre("DEADLINE_EXCEEDED"));
}

TEST_F(TaskTest, ACallThatAsksForNoReplyAnswersAStatus) {
  absl::Status accepted = absl::UnknownError("not yet");
  auto task = [&]() -> Task<void> { accepted = co_await echo_.SayNotify(Text()); };
  task().Detach();
  loop_.RunUntilIdle();
  EXPECT_THAT(accepted, IsOk());
}

TEST_F(TaskTest, ACallThatWasRefusedIsNotWaitedFor) {
  auto task = [this]() -> Task<void> {
    for (int i = 0; i < 10'000; ++i) {
      auto reply = co_await echo_.SayAsync({}, {.timeout = absl::ZeroDuration()});
      if (!absl::IsInvalidArgument(reply.status())) co_return;
    }
    told_.push_back("refused");
  };
  task().Detach();
  EXPECT_THAT(told_, ElementsAre("refused"));
}

TEST_F(TaskTest, AwaitingAnEmptyHandleFails) {
  absl::Status status;
  auto task = [&]() -> Task<void> {
    Call<Text> call = echo_.SayAsync(Text());
    call.Detach();
    status = (co_await std::move(call)).status();
  };
  task().Detach();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("detached")));
}

TEST_F(TaskTest, AwaitingAResultThatWasTakenFails) {
  absl::Status status;
  auto task = [&]() -> Task<void> {
    Call<Text> call = echo_.SayAsync(Text());
    loop_.RunUntilIdle();
    Reply(0);
    EXPECT_THAT(call.Wait(), IsOk());
    status = (co_await std::move(call)).status();
  };
  task().Detach();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("taken")));
}

TEST_F(TaskTest, AReplyThatIsThereAlreadyComesOnTheExecutorAllTheSame) {
  auto task = [this]() -> Task<void> {
    Call<Text> call = echo_.SayAsync(MakeText("hello"));
    loop_.RunUntilIdle();
    Reply(0);
    told_.push_back((co_await std::move(call))->text());
  };
  task().Detach();
  EXPECT_THAT(told_, IsEmpty());
  loop_.RunUntilIdle();
  EXPECT_THAT(told_, ElementsAre("hello"));
}

TEST_F(TaskTest, ATaskGoesOnOnTheExecutorThatItWasGiven) {
  HeldExecutor executor;
  SayAndTell("hello").On(executor).Detach();
  loop_.RunUntilIdle();
  Reply(0);
  EXPECT_THAT(told_, IsEmpty());
  executor.RunAll();
  EXPECT_THAT(told_, ElementsAre("hello"));
}

TEST_F(TaskTest, ACallMayHaveAnother) {
  HeldExecutor of_task;
  HeldExecutor of_call;
  auto task = [&]() -> Task<void> {
    told_.push_back((co_await echo_.SayAsync(MakeText("hello")).On(of_call))->text());
  };
  task().On(of_task).Detach();
  loop_.RunUntilIdle();
  Reply(0);
  EXPECT_EQ(of_task.size(), 0u);
  of_call.RunAll();
  EXPECT_THAT(told_, ElementsAre("hello"));
}

TEST_F(TaskTest, WithOneARefusedCallIsWaitedFor) {
  HeldExecutor executor;
  auto task = [&]() -> Task<void> {
    Text request;
    (void)co_await echo_.SayAsync(request, {.timeout = absl::ZeroDuration()}).On(executor);
    told_.push_back("refused");
  };
  task().Detach();
  EXPECT_THAT(told_, IsEmpty());
  executor.RunAll();
  EXPECT_THAT(told_, ElementsAre("refused"));
}

TEST_F(TaskTest, ManyTasksThatDoNotWaitAreAwaitedInARow) {
  auto one = []() -> Task<int> { co_return 1; };
  auto all = [&one]() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 10'000; ++i) sum += co_await one();
    co_return sum;
  };
  EXPECT_EQ(all().Wait(), 10'000);
}

TEST_F(TaskTest, AThousandTasksWaitOnOneThread) {
  auto ping = [this](std::string text) -> Task<void> {
    for (int i = 0; i < 3; ++i) {
      std::string expected = absl::StrCat(text, " ", i);
      std::string answer = co_await Say(expected);
      if (answer != expected) told_.push_back(answer);
    }
    told_.push_back(text);
  };
  for (int i = 0; i < 1'000; ++i) ping(absl::StrCat("task ", i)).Detach();
  loop_.RunUntilIdle();
  EXPECT_EQ(server_.received().size(), 1'000u);
  for (size_t i = 0; i < server_.received().size(); ++i) Reply(i);
  EXPECT_EQ(server_.received().size(), 3'000u);
  ASSERT_EQ(told_.size(), 1'000u);
  EXPECT_EQ(told_.front(), "task 0");
  EXPECT_EQ(told_.back(), "task 999");
}

TEST_F(TaskTest, DroppingATaskCancelsTheCallThatItWaitsFor) {
  auto held = std::make_shared<int>(0);
  auto task = [this](std::shared_ptr<int>) -> Task<void> {
    co_await SayAndTell("hello");
    told_.push_back("went on");
  };
  {
    Task<void> running = task(held);
    running.Start();
    loop_.RunUntilIdle();
    EXPECT_EQ(held.use_count(), 2);
    EXPECT_EQ(completed(), 0u);
  }
  EXPECT_EQ(held.use_count(), 1);
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 1u);
  Reply(0);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(TaskTest, AlsoWhenItsReplyHasComeAlready) {
  HeldExecutor executor;
  {
    Task<void> task = SayAndTell("hello").On(executor);
    task.Start();
    loop_.RunUntilIdle();
    Reply(0);
    EXPECT_EQ(executor.size(), 1u);
  }
  executor.RunAll();
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(channel_.stats().calls_outstanding, 0u);
}

TEST_F(TaskTest, ATaskThatIsAssignedToIsDropped) {
  Task<void> task = SayAndTell("first");
  task.Start();
  loop_.RunUntilIdle();
  task = SayAndTell("second");
  task.Start();
  loop_.RunUntilIdle();
  EXPECT_EQ(completed(), 1u);
  Reply(0);
  Reply(1);
  EXPECT_THAT(told_, ElementsAre("second"));
}

TEST_F(TaskTest, ATaskMayDropAnother) {
  std::optional<Task<void>> slow = SayAndTell("slow");
  slow->Start();
  auto quick = [&]() -> Task<void> {
    told_.push_back(co_await Say("quick"));
    slow.reset();
  };
  quick().Detach();
  loop_.RunUntilIdle();
  Reply(1);
  Reply(0);
  EXPECT_THAT(told_, ElementsAre("quick"));
}

TEST_F(TaskTest, AnExceptionGoesOnInTheTaskThatAwaits) {
  auto fails = []() -> Task<int> {
    throw std::runtime_error("no number");
    co_return 1;
  };
  auto task = [&]() -> Task<std::string> {
    try {
      co_return absl::StrCat(co_await fails());
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
  };
  EXPECT_EQ(task().Wait(), "no number");
}

// A coroutine type of somebody else's.
struct ForeignCoroutine {
  struct promise_type {
    ForeignCoroutine get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

TEST_F(TaskTest, CoroutinesOfOtherKindsMayAwaitCallsAndTasks) {
  auto coroutine = [this]() -> ForeignCoroutine {
    told_.push_back((co_await echo_.SayAsync(MakeText("call")))->text());
    told_.push_back(co_await Say("task"));
  };
  coroutine();
  loop_.RunUntilIdle();
  Reply(0);
  Reply(1);
  EXPECT_THAT(told_, ElementsAre("call", "task"));
}

// In real time.
class ThreadedTaskTest : public ::testing::Test {
 protected:
  ThreadedTaskTest() {
    service_.say = SayTheSame;
    service_.ask = SayTheSameBehind(gate_);
    server_.emplace(*server_connection_, service_);
  }
  ~ThreadedTaskTest() override { gate_.Open(); }

  Task<absl::StatusOr<Text>> Say(int times) {
    absl::StatusOr<Text> reply = MakeText("");
    for (int i = 0; i < times && reply.ok(); ++i) {
      reply = co_await echo_.SayAsync(MakeText(reply->text() + "."));
    }
    co_return reply;
  }

  InProcessBroker broker_;
  std::unique_ptr<Transport> server_connection_ = *broker_.Connect("server");
  std::unique_ptr<Transport> connection_ = *broker_.Connect("client");
  Gate gate_;
  FakeEcho service_;
  std::optional<RunningServer> server_;
  internal::ThreadPool executor_{1};
  Channel channel_{*connection_};
  Echo::Stub echo_{channel_};
};

TEST_F(ThreadedTaskTest, WaitRunsTheTaskOnTheThreadThatWaits) {
  auto task = [this]() -> Task<bool> {
    std::thread::id before = std::this_thread::get_id();
    (void)co_await Say(3);
    co_return std::this_thread::get_id() == before;
  };
  EXPECT_TRUE(task().Wait());
}

TEST_F(ThreadedTaskTest, WaitReturnsWhenTheTaskHasEnded) {
  EXPECT_EQ(Say(50).Wait()->text(), std::string(50, '.'));
  auto nothing = [this]() -> Task<void> { (void)co_await Say(1); };
  nothing().Wait();
}

TEST_F(ThreadedTaskTest, WaitMayBeOnTheThreadOfTheExecutor) {
  Events events;
  EventLog<absl::Status> statuses(events);
  echo_.SayAsync(Text()).Then([&](absl::StatusOr<Text>) { statuses.Add(Say(3).Wait().status()); });
  ASSERT_TRUE(events.WaitForCount(1));
  EXPECT_THAT(statuses.Items()[0], IsOk());
}

TEST_F(ThreadedTaskTest, ATaskThatIsGivenAnExecutorMayBeWaitedForElsewhere) {
  auto task = [this]() -> Task<int> {
    (void)co_await Say(3);
    co_return 7;
  };
  EXPECT_EQ(task().On(executor_).Wait(), 7);
}

// What a destroyed task leaves behind never meets what completes its call: the loop of the
// connection completes calls while the executor's thread drops the tasks that wait for them.
TEST_F(ThreadedTaskTest, TasksMayBeDroppedOnTheirExecutorWhileRepliesCome) {
  Events events;
  constexpr uint64_t kRounds = 500;
  for (uint64_t i = 0; i < kRounds; ++i) {
    auto task = std::make_shared<std::optional<Task<absl::StatusOr<Text>>>>();
    executor_.Run([&, task] { task->emplace(Say(5).On(executor_)).Start(); });
    std::thread([&, task]() mutable {
      executor_.Run([&, task = std::move(task)]() mutable {
        task->reset();
        events.Notify();
      });
    }).join();
  }
  EXPECT_TRUE(events.WaitForCount(kRounds));
  EXPECT_THAT(echo_.Say(Text()), IsOk());
}

TEST_F(ThreadedTaskTest, OnTheChannelsOwnExecutorToo) {
  Events events;
  constexpr uint64_t kRounds = 500;
  for (uint64_t i = 0; i < kRounds; ++i) {
    // Starts it where its calls resume, and drops it there at the reply to another call.
    echo_.SayAsync(Text()).Then([&](absl::StatusOr<Text>) {
      auto task = std::make_unique<Task<absl::StatusOr<Text>>>(Say(5));
      task->Start();
      echo_.SayAsync(Text()).Then([&, task = std::move(task)](absl::StatusOr<Text>) mutable {
        task.reset();
        events.Notify();
      });
    });
  }
  EXPECT_TRUE(events.WaitForCount(kRounds));
}

TEST_F(ThreadedTaskTest, ATaskThatCannotResumeMayBeDroppedAnywhere) {
  auto ask = [this]() -> Task<absl::StatusOr<Text>> { co_return co_await echo_.AskAsync(Text()); };
  for (int i = 0; i < 100; ++i) {
    Task<absl::StatusOr<Text>> task = ask();
    task.Start();
    std::thread([task = std::move(task)] {}).join();
  }
}

TEST_F(ThreadedTaskTest, DestroyingTheChannelEndsATask) {
  auto channel = std::make_unique<Channel>(*connection_);
  Events events;
  EventLog<absl::Status> statuses(events);
  auto ask = [](Echo::Stub echo) -> Task<absl::StatusOr<Text>> {
    co_return co_await echo.AskAsync(Text());
  };
  ask(Echo::Stub(*channel)).Then([&](absl::StatusOr<Text> reply) { statuses.Add(reply.status()); });
  channel.reset();
  ASSERT_EQ(statuses.Size(), 1u);
  EXPECT_THAT(statuses.Items()[0], StatusIs(absl::StatusCode::kCancelled, HasSubstr("shut down")));
}

}  // namespace
}  // namespace mqrpc::tests

// The handle of a call, in virtual time but where somebody waits.

#include "mqrpc/call.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "held_executor.h"
#include "mqrpc/channel.h"
#include "outcome.h"
#include "status_matchers.h"
#include "virtual_network.h"

namespace mqrpc::tests {
namespace {

using ::testing::HasSubstr;

class CallTest : public ::testing::Test {
 protected:
  CallTest() { server_.Subscribe("mqrpc/services/mqrpc.tests.Echo/+"); }

  Call<Text> Start() {
    Call<Text> call = Echo::Stub(channel_).SayAsync(MakeText("hello"));
    network_.loop.RunUntilIdle();
    return call;
  }

  // To the request that is `index`-th of all.
  void Reply(size_t index) {
    const Message& request = server_.received().at(index);
    server_.Publish(
        {.topic = *request.response_topic,
         .payload = request.payload,
         .correlation_data = request.correlation_data});
  }

  uint64_t completed() const { return channel_.stats().calls_completed; }

  VirtualNetwork network_;
  Peer server_ = network_.MakePeer("server");
  std::unique_ptr<Transport> connection_ = network_.Connect("client");
  Channel channel_{*connection_, {.executor = &network_.loop}};
};

TEST_F(CallTest, WaitOnACompletedCallReturnsAtOnce) {
  Call<Text> call = Start();
  Reply(0);
  EXPECT_EQ(call.Wait()->text(), "hello");
}

TEST_F(CallTest, AResultIsTakenOnce) {
  Call<Text> call = Start();
  Reply(0);
  EXPECT_THAT(call.Wait(), IsOk());
  EXPECT_THAT(
      call.Wait(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has been taken")));
}

TEST_F(CallTest, ThenBeforeTheReplyRunsAtTheReply) {
  auto outcome = Watch(Start());
  EXPECT_EQ(outcome->times, 0);
  Reply(0);
  EXPECT_EQ(outcome->times, 1);
  EXPECT_EQ(outcome->result->text(), "hello");
}

TEST_F(CallTest, ThenAfterTheReplyRunsOnTheExecutor) {
  Call<Text> call = Start();
  Reply(0);
  auto outcome = Watch(std::move(call));
  EXPECT_EQ(outcome->times, 0);
  network_.loop.RunUntilIdle();
  EXPECT_EQ(outcome->times, 1);
  EXPECT_EQ(outcome->result->text(), "hello");
}

TEST_F(CallTest, AfterThenTheHandleIsEmptyAndTheCallGoesOn) {
  std::shared_ptr<const Outcome<Text>> outcome;
  {
    Call<Text> call = Start();
    auto counted = std::make_shared<Outcome<Text>>();
    call.Then([counted](absl::StatusOr<Text> result) {
      ++counted->times;
      counted->result = std::move(result);
    });
    call.Cancel();
    outcome = counted;
  }
  network_.loop.RunUntilIdle();
  Reply(0);
  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(CallTest, ThenOnAnEmptyHandleFails) {
  Call<Text> call = Start();
  call.Detach();
  absl::Status status;
  call.Then([&status](absl::StatusOr<Text> result) { status = result.status(); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("detached")));
}

TEST_F(CallTest, WaitOnAnEmptyHandleFails) {
  Call<Text> call = Start();
  call.Detach();
  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("detached")));
}

TEST_F(CallTest, CancelAndDetachOnAnEmptyHandleDoNothing) {
  Call<Text> call = Start();
  call.Detach();
  call.Cancel();
  call.Detach();
  network_.loop.RunUntilIdle();
  EXPECT_EQ(completed(), 0u);
}

TEST_F(CallTest, CancelEndsTheCall) {
  Call<Text> call = Start();
  call.Cancel();
  network_.loop.RunUntilIdle();
  EXPECT_EQ(completed(), 1u);
  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
}

TEST_F(CallTest, CancelTwiceIsCancelOnce) {
  Call<Text> call = Start();
  call.Cancel();
  call.Cancel();
  network_.loop.RunUntilIdle();
  call.Cancel();
  network_.loop.RunUntilIdle();
  EXPECT_EQ(completed(), 1u);
}

TEST_F(CallTest, AReplyThatCameBeforeTheCancelCounts) {
  Call<Text> call = Start();
  Reply(0);
  call.Cancel();
  network_.loop.RunUntilIdle();
  EXPECT_THAT(call.Wait(), IsOk());
}

TEST_F(CallTest, ADroppedHandleCancels) {
  { Call<Text> call = Start(); }
  network_.loop.RunUntilIdle();
  EXPECT_EQ(completed(), 1u);
}

TEST_F(CallTest, AMovedHandleIsTheCallsOnlyOne) {
  std::optional<Call<Text>> from = Start();
  Call<Text> to = *std::move(from);
  from.reset();
  network_.loop.RunUntilIdle();
  EXPECT_EQ(completed(), 0u);

  Reply(0);
  EXPECT_THAT(to.Wait(), IsOk());
}

TEST_F(CallTest, AHandleThatIsAssignedToGivesUpItsOldCall) {
  Call<Text> first = Start();
  Call<Text> second = Start();

  first = std::move(second);
  network_.loop.RunUntilIdle();

  EXPECT_EQ(completed(), 1u);
  Reply(1);
  EXPECT_THAT(first.Wait(), IsOk());
  EXPECT_THAT(second.Wait(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("taken")));
}

TEST_F(CallTest, AFailureBeforeTheStartIsThereAtOnce) {
  auto outcome = Watch(Echo::Stub(channel_).SayAsync(Text(), {.timeout = absl::ZeroDuration()}));
  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeout")));
}

TEST_F(CallTest, AReplyComesOnTheExecutorThatWasChosenForIt) {
  HeldExecutor executor;
  auto outcome = Watch(Start().On(executor));
  Reply(0);
  network_.loop.RunUntilIdle();
  EXPECT_EQ(outcome->times, 0);
  ASSERT_EQ(executor.size(), 1u);

  executor.RunAll();

  EXPECT_EQ(outcome->times, 1);
  EXPECT_EQ(outcome->result->text(), "hello");
}

TEST_F(CallTest, SoDoesOneThatWasThereBefore) {
  HeldExecutor executor;
  Call<Text> call = Start();
  Reply(0);
  absl::StatusOr<Text> result = absl::UnknownError("not yet");
  call.Then(executor, [&result](absl::StatusOr<Text> reply) { result = std::move(reply); });
  network_.loop.RunUntilIdle();
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnknown, "not yet"));

  executor.RunAll();

  EXPECT_EQ(result->text(), "hello");
}

TEST_F(CallTest, AndAFailureBeforeTheStart) {
  HeldExecutor executor;
  auto outcome =
      Watch(Echo::Stub(channel_).SayAsync(Text(), {.timeout = absl::ZeroDuration()}).On(executor));
  EXPECT_EQ(outcome->times, 0);

  executor.RunAll();

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeout")));
}

TEST_F(CallTest, AndAnAcceptance) {
  HeldExecutor executor;
  absl::Status status = absl::UnknownError("not yet");
  Echo::Stub(channel_).SayNotify(Text()).Then(executor, [&status](absl::Status accepted) {
    status = std::move(accepted);
  });
  network_.loop.RunUntilIdle();
  ASSERT_EQ(executor.size(), 1u);

  executor.RunAll();

  EXPECT_THAT(status, IsOk());
}

TEST_F(CallTest, TheLastExecutorThatIsChosenCounts) {
  HeldExecutor first;
  HeldExecutor second;
  auto outcome = Watch(Start().On(first).On(second));
  Reply(0);
  EXPECT_EQ(first.size(), 0u);
  second.RunAll();
  EXPECT_EQ(outcome->times, 1);
}

TEST_F(CallTest, ThenOnAnEmptyHandleFailsWhateverTheExecutor) {
  HeldExecutor executor;
  Call<Text> call = Start();
  call.Detach();
  auto outcome = Watch(std::move(call).On(executor));
  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("detached")));
}

TEST_F(CallTest, WhatAContinuationHoldsIsGoneAfterIt) {
  auto held = std::make_shared<int>(0);
  Start().Then([held](absl::StatusOr<Text>) {});
  Reply(0);
  network_.loop.RunUntilIdle();
  EXPECT_EQ(held.use_count(), 1);
}

// In real time.
class WaitedCallTest : public ::testing::Test {
 protected:
  InProcessBroker broker_;
  std::unique_ptr<Transport> server_connection_ = *broker_.Connect("server");
  std::unique_ptr<Transport> connection_ = *broker_.Connect("client");
};

TEST_F(WaitedCallTest, CancelWakesTheOneWhoWaits) {
  Gate gate;
  FakeEcho service;
  service.say = SayTheSame;
  service.ask = SayTheSameBehind(gate);
  RunningServer server(*server_connection_, service);
  Channel channel(*connection_);
  Echo::Stub echo(channel);
  Call<Text> call = echo.AskAsync(Text());

  std::thread canceller([&call] { call.Cancel(); });
  canceller.join();

  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
  gate.Open();
}

TEST_F(WaitedCallTest, CancelMayComeWhileTheResultIsTaken) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(*server_connection_, service);
  Channel channel(*connection_);
  Echo::Stub echo(channel);
  for (int i = 0; i < 200; ++i) {
    Call<Text> call = echo.SayAsync(Text());
    std::thread canceller([&call] { call.Cancel(); });
    absl::Status status = call.Wait().status();
    EXPECT_TRUE(status.ok() || absl::IsCancelled(status)) << status;
    canceller.join();
    EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("taken")));
  }
}

TEST_F(WaitedCallTest, DestroyingTheChannelWakesTheOneWhoWaits) {
  Gate gate;
  FakeEcho service;
  service.ask = SayTheSameBehind(gate);
  RunningServer server(*server_connection_, service);
  auto channel = std::make_unique<Channel>(*connection_);
  Call<Text> call = Echo::Stub(*channel).AskAsync(Text());

  std::thread waiter([&call] {
    EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("shut down")));
  });
  channel.reset();
  waiter.join();
  gate.Open();
}

}  // namespace
}  // namespace mqrpc::tests

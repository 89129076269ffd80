// Callers that give up, and what the handlers of their calls see of it.

#include <stop_token>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holding_service.h"
#include "status_matchers.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ServerCancelTest : public VirtualServerTest<HoldingService> {
 protected:
  static Message Request(std::optional<std::string> correlation = "7") {
    return {
        .topic = "mqrpc/services/acme.Valve/Open",
        .response_topic = "answers/here",
        .correlation_data = std::move(correlation),
        .user_properties = {{"mqrpc-timeout", "5000"}}};
  }

  static Message CancelOf(std::string correlation, std::string response_topic = "answers/here") {
    return {
        .topic = "mqrpc/cancels/acme.Valve",
        .response_topic = std::move(response_topic),
        .correlation_data = std::move(correlation)};
  }

  void Answer(absl::StatusOr<std::string> result) {
    service_.Answer(std::move(result));
    network_.loop.RunUntilIdle();
  }
};

TEST_F(ServerCancelTest, AHandlerSeesIt) {
  Start();
  client_.Publish(Request());
  std::stop_token stop = service_.context().stop_token();
  EXPECT_FALSE(service_.context().IsCancelled());
  EXPECT_FALSE(stop.stop_requested());

  client_.Publish(CancelOf("7"));

  EXPECT_TRUE(service_.context().IsCancelled());
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_EQ(server_->stats().calls_cancelled, 1u);
}

TEST_F(ServerCancelTest, AHandlerThatAsksOnlyThenSeesItToo) {
  Start();
  client_.Publish(Request());
  client_.Publish(CancelOf("7"));

  EXPECT_TRUE(service_.context().stop_token().stop_requested());
}

TEST_F(ServerCancelTest, ACallbackRunsOnce) {
  Start();
  client_.Publish(Request());
  int times = 0;
  std::stop_callback count(service_.context().stop_token(), [&times] { ++times; });

  client_.Publish(CancelOf("7"));
  client_.Publish(CancelOf("7"));
  network_.loop.Advance(absl::Seconds(5));

  EXPECT_EQ(times, 1);
  EXPECT_EQ(server_->stats().calls_cancelled, 1u);
}

TEST_F(ServerCancelTest, WhatIsAnsweredThenGoesNowhere) {
  Start();
  client_.Publish(Request());
  client_.Publish(CancelOf("7"));
  Answer("opened");

  EXPECT_THAT(client_.received(), IsEmpty());
  EXPECT_EQ(server_->stats().replies_lost, 0u);
}

TEST_F(ServerCancelTest, OthersGoOn) {
  Start();
  client_.Publish(Request());
  client_.Publish(CancelOf("8"));
  client_.Publish(CancelOf("7", "answers/there"));

  EXPECT_FALSE(service_.context().IsCancelled());
  Answer("opened");
  EXPECT_THAT(client_.received(), SizeIs(1));
}

TEST_F(ServerCancelTest, OneThatHasAnsweredIsNotCancelledAnyMore) {
  Start();
  client_.Publish(Request());
  Answer("opened");
  client_.Publish(CancelOf("7"));
  client_.Publish(Request());

  EXPECT_THAT(client_.received(), SizeIs(2)) << "the answer is repeated";
  EXPECT_EQ(server_->stats().calls_cancelled, 0u);
}

TEST_F(ServerCancelTest, ACallThatComesAfterItsCancelDoesNotRun) {
  Start();
  client_.Publish(CancelOf("7"));
  client_.Publish(Request());

  EXPECT_EQ(service_.runs(), 0u);
  EXPECT_THAT(client_.received(), IsEmpty());
  EXPECT_EQ(server_->stats().calls_cancelled, 1u);
}

TEST_F(ServerCancelTest, ACancelOfNoCallIsForgottenInTheEnd) {
  Start();
  client_.Publish(CancelOf("7"));
  network_.loop.Advance(absl::Seconds(10));
  client_.Publish(Request());

  EXPECT_EQ(service_.runs(), 1u);
}

TEST_F(ServerCancelTest, OnlySoManyOfNoCallAreRemembered) {
  Start();
  client_.Publish(CancelOf("the first"));
  for (int i = 0; i < 10'000; ++i) client_.Publish(CancelOf(std::to_string(i)));
  client_.Publish(Request("the first"));
  client_.Publish(Request("9999"));

  EXPECT_EQ(service_.runs(), 1u);
}

TEST_F(ServerCancelTest, WhatDoesNotNameACallIsIgnored) {
  Start();
  client_.Publish(Request());
  Message without_topic = CancelOf("7");
  without_topic.response_topic.reset();
  client_.Publish(without_topic);
  Message without_correlation = CancelOf("7");
  without_correlation.correlation_data.reset();
  client_.Publish(without_correlation);
  Message retained = CancelOf("7");
  retained.retain = true;
  client_.Publish(retained);

  EXPECT_FALSE(service_.context().IsCancelled());
}

TEST_F(ServerCancelTest, ThePassingOfTheDeadlineIsACancel) {
  Start();
  client_.Publish(Request());
  std::stop_token stop = service_.context().stop_token();
  network_.loop.RunUntilIdle();
  network_.loop.Advance(absl::Milliseconds(4999));
  EXPECT_FALSE(stop.stop_requested());
  EXPECT_FALSE(service_.context().IsCancelled());

  network_.loop.Advance(absl::Milliseconds(1));

  EXPECT_TRUE(stop.stop_requested());
  EXPECT_TRUE(service_.context().IsCancelled());
}

TEST_F(ServerCancelTest, SoItIsForACallWithoutAName) {
  Start();
  client_.Publish(Request(std::nullopt));
  std::stop_token stop = service_.context().stop_token();
  network_.loop.RunUntilIdle();
  network_.loop.Advance(absl::Seconds(5));

  EXPECT_TRUE(stop.stop_requested());
  EXPECT_TRUE(service_.context().IsCancelled());
}

TEST_F(ServerCancelTest, AfterTheAnswerTheDeadlineStopsNothing) {
  Start();
  client_.Publish(Request());
  std::stop_token stop = service_.context().stop_token();
  Answer("opened");
  network_.loop.Advance(absl::Seconds(5));

  EXPECT_FALSE(stop.stop_requested());
}

TEST_F(ServerCancelTest, ATokenMayOutliveCallAndServer) {
  Start();
  client_.Publish(Request());
  std::stop_token stop = service_.context().stop_token();
  Answer("opened");
  server_.reset();

  EXPECT_FALSE(stop.stop_requested());
  network_.loop.Advance(absl::Seconds(5));
}

}  // namespace
}  // namespace mqrpc::tests

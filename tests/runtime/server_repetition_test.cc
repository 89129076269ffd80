// Requests that come more than once: delivered twice by a broker, or sent again by their caller.

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holding_service.h"
#include "mqrpc/server.h"
#include "mqrpc/service.h"
#include "status_matchers.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class ServerRepetitionTest : public VirtualServerTest<HoldingService> {
 protected:
  static Message Request(std::string method = "Open", std::string correlation = "7") {
    return {
        .topic = "mqrpc/services/acme.Valve/" + method,
        .payload = "please",
        .response_topic = "answers/here",
        .correlation_data = correlation,
        .user_properties = {{"mqrpc-timeout", "5000"}}};
  }

  void Answer(absl::StatusOr<std::string> result) {
    service_.Answer(std::move(result));
    network_.loop.RunUntilIdle();
  }
};

TEST_F(ServerRepetitionTest, OneThatRunsAlreadyIsAnsweredOnce) {
  Start();
  client_.Publish(Request());
  client_.Publish(Request());
  Answer("opened");

  EXPECT_EQ(service_.runs(), 1u);
  ASSERT_THAT(client_.received(), SizeIs(1));
  EXPECT_EQ(client_.received()[0].payload, "opened");
  EXPECT_EQ(server_->stats().repeated_requests, 1u);
}

TEST_F(ServerRepetitionTest, OneThatHasRunIsAnsweredAlike) {
  Start();
  client_.Publish(Request());
  Answer("opened");
  client_.Publish(Request());

  EXPECT_EQ(service_.runs(), 1u);
  ASSERT_THAT(client_.received(), SizeIs(2));
  EXPECT_EQ(client_.received()[1].payload, "opened");
  EXPECT_EQ(client_.received()[1].correlation_data, "7");
}

TEST_F(ServerRepetitionTest, OneThatHasFailedIsAnsweredAlike) {
  Start();
  client_.Publish(Request());
  Answer(absl::AbortedError("stuck"));
  client_.Publish(Request());

  EXPECT_EQ(service_.runs(), 1u);
  ASSERT_THAT(client_.received(), SizeIs(2));
  EXPECT_EQ(client_.received()[1].payload, client_.received()[0].payload);
  EXPECT_EQ(client_.received()[1].user_properties, client_.received()[0].user_properties);
}

TEST_F(ServerRepetitionTest, AnotherCorrelationOrResponseTopicIsAnotherCall) {
  Start();
  client_.Publish(Request());
  client_.Publish(Request("Open", "8"));
  Message elsewhere = Request();
  elsewhere.response_topic = "answers/there";
  client_.Publish(elsewhere);

  EXPECT_EQ(service_.runs(), 3u);
}

TEST_F(ServerRepetitionTest, AnotherPayloadOrMethodOfTheSameNameIsRefused) {
  Start();
  client_.Publish(Request());
  Message other = Request();
  other.payload = "now";
  client_.Publish(other);
  client_.Publish(Request("Set"));

  EXPECT_EQ(service_.runs(), 1u);
  ASSERT_THAT(client_.received(), SizeIs(2));
  for (const Message& refusal : client_.received()) {
    EXPECT_THAT(refusal.user_properties, Contains(Pair("mqrpc-status", "3")));
    EXPECT_THAT(refusal.user_properties, Contains(Pair("mqrpc-refused", "1")));
  }
}

TEST_F(ServerRepetitionTest, WithoutSideEffectsNothingIsKeptButWhatRunsIsJoined) {
  Start();
  client_.Publish(Request("Get"));
  client_.Publish(Request("Get"));
  Answer("open");
  EXPECT_EQ(service_.runs(), 1u);
  EXPECT_THAT(client_.received(), SizeIs(1));

  client_.Publish(Request("Get"));
  EXPECT_EQ(service_.runs(), 2u);
}

TEST_F(ServerRepetitionTest, AReplyIsForgottenWhenItsCallerHasGivenUp) {
  Start();
  client_.Publish(Request());
  Answer("opened");
  network_.loop.Advance(absl::Seconds(5));
  client_.Publish(Request());
  EXPECT_EQ(service_.runs(), 1u);

  network_.loop.Advance(absl::Seconds(5));
  client_.Publish(Request());
  EXPECT_EQ(service_.runs(), 2u);
}

TEST_F(ServerRepetitionTest, WithoutALimitItIsKeptForTwoMinutes) {
  Start();
  Message request = Request();
  request.user_properties.clear();
  client_.Publish(request);
  Answer("opened");
  network_.loop.Advance(absl::Seconds(119));
  client_.Publish(request);
  EXPECT_EQ(service_.runs(), 1u);

  network_.loop.Advance(absl::Seconds(10));
  client_.Publish(request);
  EXPECT_EQ(service_.runs(), 2u);
}

TEST_F(ServerRepetitionTest, OneThatWasRefusedUnrunMayRunWhenItComesAgain) {
  Start();
  Message request = Request("Close");
  client_.Publish(request);
  EXPECT_THAT(client_.received()[0].user_properties, Contains(Pair("mqrpc-refused", "1")));

  request.topic = Request().topic;
  client_.Publish(request);
  EXPECT_EQ(service_.runs(), 1u);
}

TEST_F(ServerRepetitionTest, WhatIsEvictedTooEarlyIsCountedAndLogged) {
  Start({.max_kept_replies = 1});
  for (const char* correlation : {"1", "2", "3"}) {
    client_.Publish(Request("Open", correlation));
    Answer("opened");
  }
  EXPECT_EQ(server_->stats().replies_evicted, 2u);
  EXPECT_EQ(network_.log.Count("ServerOptions::max_kept_replies (1)"), 1u);
}

TEST_F(ServerRepetitionTest, WhatNobodyCanAskForMakesRoomBeforeWhatSomebodyCan) {
  Start({.max_kept_replies = 3});
  Message lasting = Request("Open", "lasting");
  lasting.user_properties = {{"mqrpc-timeout", "3600000"}};
  client_.Publish(lasting);
  service_.Answer("done");
  for (std::string correlation : {"1", "2", "3", "4"}) {
    Message brief = Request("Open", correlation);
    brief.user_properties = {{"mqrpc-timeout", "1000"}};
    client_.Publish(brief);
    service_.Answer("done");
    network_.loop.Advance(absl::Seconds(10));
  }
  EXPECT_EQ(server_->stats().replies_evicted, 0u);
  EXPECT_EQ(server_->stats().replies_kept, 1u);

  client_.Publish(lasting);
  EXPECT_EQ(service_.runs(), 5u);
}

TEST_F(ServerRepetitionTest, NothingIsKeptWhereSoSetUp) {
  Start({.max_kept_replies = 0});
  client_.Publish(Request());
  client_.Publish(Request());
  EXPECT_EQ(service_.runs(), 2u);
}

TEST_F(ServerRepetitionTest, ACallThatRunsMayOutliveItsServer) {
  Start();
  client_.Publish(Request());
  server_ = nullptr;
  Answer("opened");
  EXPECT_THAT(client_.received(), IsEmpty());
}

}  // namespace
}  // namespace mqrpc::tests

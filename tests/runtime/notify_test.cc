// Calls that ask for no reply: in virtual time, over a connection that does what a test says.

#include <memory>
#include <utility>

#include "fake_echo.h"
#include "fake_transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class NotifyTest : public ::testing::Test {
 protected:
  struct End {
    int times = 0;
    absl::Status status;
  };

  NotifyTest() { loop_.RunUntilIdle(); }

  std::shared_ptr<const End> Notify(const Method& method, CallOptions options = {}) {
    auto end = std::make_shared<End>();
    channel_.Notify(method, MakeText("hello"), options).Then([end](absl::Status status) {
      ++end->times;
      end->status = std::move(status);
    });
    loop_.RunUntilIdle();
    return end;
  }
  std::shared_ptr<const End> Notify(CallOptions options = {}) {
    return Notify({.service = "acme.Bell", .name = "Ring"}, options);
  }

  testing::ManualLoop loop_;
  FakeTransport transport_{loop_};
  Channel channel_{transport_, {.executor = &loop_, .log = [](LogLevel, std::string_view) {}}};
};

TEST_F(NotifyTest, TheRequestSaysNowhereToAnswerTo) {
  Echo::Stub(channel_).SayNotify(MakeText("hello"), {.timeout = absl::Seconds(2)}).Detach();
  loop_.RunUntilIdle();
  ASSERT_EQ(transport_.HandOver(), 1u);

  const Message& request = transport_.sent()[0].message;
  EXPECT_EQ(request.topic, "mqrpc/services/mqrpc.tests.Echo/Say");
  EXPECT_EQ(request.payload, MakeText("hello").SerializeAsString());
  EXPECT_EQ(request.response_topic, std::nullopt);
  EXPECT_EQ(request.correlation_data, std::nullopt);
  EXPECT_EQ(request.expiry_seconds, 2u);
  EXPECT_THAT(request.user_properties, ElementsAre(Pair("mqrpc-timeout", "2000")));
}

TEST_F(NotifyTest, ItIsCompleteWhenTheBrokerHasAccepted) {
  auto end = Notify();
  transport_.HandOver();
  EXPECT_EQ(end->times, 0);

  transport_.Ack(0, ReasonCode::kSuccess);

  EXPECT_EQ(end->times, 1);
  EXPECT_THAT(end->status, IsOk());
}

TEST_F(NotifyTest, OrHasRefused) {
  auto end = Notify();
  transport_.HandOver();

  transport_.Ack(0, ReasonCode::kNoMatchingSubscribers);

  EXPECT_EQ(end->times, 1);
  EXPECT_THAT(
      end->status,
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody is subscribed to")));
}

TEST_F(NotifyTest, ItCanWaitForAServerToCome) {
  auto end = Notify({.wait_for_ready = true});
  transport_.HandOver();
  transport_.Ack(0, ReasonCode::kNoMatchingSubscribers);
  EXPECT_EQ(end->times, 0);

  loop_.Advance(absl::Seconds(1));
  ASSERT_EQ(transport_.HandOver(), 1u);
  transport_.Ack(1, ReasonCode::kSuccess);

  EXPECT_THAT(end->status, IsOk());
  EXPECT_EQ(end->times, 1);
}

TEST_F(NotifyTest, ALostConnectionLeavesItsOutcomeUnknown) {
  auto end = Notify();
  transport_.HandOver();

  transport_.LoseConnection();

  EXPECT_EQ(end->times, 1);
  EXPECT_THAT(
      end->status,
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("acme.Bell/Ring is unknown")));
}

TEST_F(NotifyTest, UnlessItMayRunTwice) {
  auto end = Notify({"acme.Bell", "Ring", Idempotency::kIdempotent});
  transport_.HandOver();
  transport_.LoseConnection();
  transport_.AnswerSubscriptions(absl::OkStatus());
  EXPECT_EQ(end->times, 0);

  ASSERT_EQ(transport_.HandOver(), 1u);
  transport_.Ack(1, ReasonCode::kSuccess);

  EXPECT_THAT(end->status, IsOk());
  EXPECT_EQ(end->times, 1);
}

TEST_F(NotifyTest, ItHasADeadline) {
  auto end = Notify({.timeout = absl::Seconds(1)});
  transport_.HandOver();

  loop_.Advance(absl::Seconds(1));

  EXPECT_EQ(end->times, 1);
  EXPECT_THAT(
      end->status,
      StatusIs(
          absl::StatusCode::kDeadlineExceeded,
          AllOf(HasSubstr("did not accept the call to acme.Bell/Ring"), HasSubstr("1s"))));
}

TEST_F(NotifyTest, ItNeedsNoRightToReplies) {
  transport_.AnswerSubscriptions(absl::PermissionDeniedError("not your topic"));
  auto end = Notify();
  ASSERT_EQ(transport_.HandOver(), 1u);
  transport_.Ack(0, ReasonCode::kSuccess);
  EXPECT_THAT(end->status, IsOk());
}

TEST_F(NotifyTest, WhatIsAcceptedMakesRoomForTheNext) {
  Channel channel(
      transport_,
      {.max_unanswered = 1, .executor = &loop_, .log = [](LogLevel, std::string_view) {}});
  Echo::Stub stub(channel);
  stub.SayNotify({}).Detach();
  stub.SayNotify({}).Detach();
  loop_.RunUntilIdle();
  ASSERT_EQ(transport_.HandOver(), 1u);
  transport_.Ack(0, ReasonCode::kSuccess);
  EXPECT_EQ(transport_.HandOver(), 1u);
}

}  // namespace
}  // namespace mqrpc::tests

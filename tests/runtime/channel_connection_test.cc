// What calls survive of a connection's troubles, and what they say when they do not: in virtual
// time, over a connection that does what a test says.

#include <memory>
#include <ostream>
#include <string>

#include "fake_echo.h"
#include "fake_transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "outcome.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ChannelConnectionTest : public ::testing::Test {
 protected:
  ChannelConnectionTest() { Open(); }

  void Open(ChannelOptions options = {}) {
    options.executor = &loop_;
    channel_.reset();
    channel_ = std::make_unique<Channel>(transport_, std::move(options));
    loop_.RunUntilIdle();
  }

  std::shared_ptr<const Outcome<Text>> Ask(absl::Duration timeout = absl::Seconds(30)) {
    auto outcome = Watch(Echo::Stub(*channel_).SayAsync(Text(), {.timeout = timeout}));
    loop_.RunUntilIdle();
    return outcome;
  }

  // A call whose request has been handed over.
  std::shared_ptr<const Outcome<Text>> AskAndSend(absl::Duration timeout = absl::Seconds(30)) {
    auto outcome = Ask(timeout);
    EXPECT_EQ(transport_.HandOver(), 1u);
    return outcome;
  }

  // The answer to the request that is `index`-th of those sent.
  void Reply(size_t index) {
    const Message& request = transport_.sent().at(index).message;
    transport_.Deliver(
        {.topic = *request.response_topic, .correlation_data = request.correlation_data});
  }

  testing::ManualLoop loop_;
  FakeTransport transport_{loop_};
  std::unique_ptr<Channel> channel_;
};

TEST_F(ChannelConnectionTest, TheReplyTopicIsSubscribedBeforeTheFirstRequestIsQueued) {
  ASSERT_EQ(transport_.subscriptions().size(), 1u);
  EXPECT_EQ(transport_.subscriptions().begin()->second.filter, "mqrpc/clients/client/replies");
  EXPECT_EQ(transport_.queued(), 0u);
}

TEST_F(ChannelConnectionTest, AReplyMayOvertakeTheAcknowledgement) {
  auto outcome = AskAndSend();

  Reply(0);
  EXPECT_EQ(outcome->times, 1);
  transport_.Ack(0, ReasonCode::kSuccess);

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelConnectionTest, ABadAcknowledgementAfterTheReplyChangesNothing) {
  auto outcome = AskAndSend();

  Reply(0);
  transport_.Ack(0, ReasonCode::kNoMatchingSubscribers);

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, IsOk());
}

struct Refusal {
  ReasonCode reason;
  absl::StatusCode code;
  std::string says;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.says; }

class RefusalTest : public ChannelConnectionTest, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RefusalTest, EndsTheCallAtOnce) {
  auto outcome = AskAndSend();

  transport_.Ack(0, GetParam().reason);

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          GetParam().code,
          AllOf(HasSubstr(GetParam().says), HasSubstr("mqrpc/services/mqrpc.tests.Echo/Say"))));
}

INSTANTIATE_TEST_SUITE_P(
    Reasons,
    RefusalTest,
    ::testing::Values(
        Refusal{
            ReasonCode::kNoMatchingSubscribers,
            absl::StatusCode::kUnavailable,
            "nobody is subscribed"},
        Refusal{ReasonCode::kNotAuthorized, absl::StatusCode::kPermissionDenied, "not let us"},
        Refusal{ReasonCode::kQuotaExceeded, absl::StatusCode::kResourceExhausted, "quota"},
        Refusal{ReasonCode::kPacketTooLarge, absl::StatusCode::kResourceExhausted, "larger"},
        Refusal{
            ReasonCode::kImplementationSpecificError,
            absl::StatusCode::kUnavailable,
            "reason code 0x83"}));

TEST_F(ChannelConnectionTest, AFullQueueEndsTheCallInTheTransportsWords) {
  auto outcome = Ask();

  transport_.RefuseNext(absl::ResourceExhaustedError("max_queued (5) messages are queued"));

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("max_queued (5)")));
}

TEST_F(ChannelConnectionTest, WithoutARightToRepliesNoCallCanBeMade) {
  auto queued = Ask();

  transport_.AnswerSubscriptions(absl::PermissionDeniedError("not your topic"));
  auto later = Ask();
  EXPECT_EQ(transport_.HandOver(), 0u);

  for (const auto& outcome : {queued, later}) {
    EXPECT_EQ(outcome->times, 1);
    EXPECT_THAT(
        outcome->result,
        StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("your topic")));
  }
}

TEST_F(ChannelConnectionTest, ARightThatComesLaterCounts) {
  transport_.AnswerSubscriptions(absl::PermissionDeniedError("not your topic"));
  transport_.AnswerSubscriptions(absl::OkStatus());

  auto outcome = AskAndSend();
  Reply(0);

  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelConnectionTest, OfACallThatWasAcceptedALossLeavesTheOutcomeUnknown) {
  auto outcome = AskAndSend();
  transport_.Ack(0, ReasonCode::kSuccess);

  transport_.LoseConnection();

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(
              HasSubstr("lost"),
              HasSubstr("outcome"),
              HasSubstr("unknown"),
              HasSubstr("mqrpc.tests.Echo/Say"))));
}

TEST_F(ChannelConnectionTest, OfACallThatWasSentALossLeavesTheOutcomeUnknown) {
  auto outcome = AskAndSend();

  transport_.LoseConnection();

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(
              HasSubstr("lost"),
              HasSubstr("outcome"),
              HasSubstr("unknown"),
              HasSubstr("mqrpc.tests.Echo/Say"))));
}

TEST_F(ChannelConnectionTest, ACallThatIsStillQueuedSurvivesALoss) {
  auto outcome = Ask();

  transport_.LoseConnection();
  EXPECT_EQ(outcome->times, 0);
  transport_.AnswerSubscriptions(absl::OkStatus());
  EXPECT_EQ(transport_.HandOver(), 1u);
  Reply(0);

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelConnectionTest, CallsThatWaitForTheWindowSurviveALoss) {
  Open({.max_unanswered = 1});
  auto sent = AskAndSend();
  auto waiting = Ask();

  transport_.LoseConnection();
  EXPECT_EQ(sent->times, 1);
  EXPECT_EQ(waiting->times, 0);
  transport_.AnswerSubscriptions(absl::OkStatus());
  EXPECT_EQ(transport_.HandOver(), 1u);
  Reply(1);

  EXPECT_THAT(waiting->result, IsOk());
}

TEST_F(ChannelConnectionTest, AnExpiredCallIsTakenBackFromTheQueue) {
  auto outcome = Ask(absl::Seconds(1));

  loop_.Advance(absl::Seconds(1));

  EXPECT_THAT(
      outcome->result,
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("the request was not sent yet")));
  EXPECT_EQ(transport_.HandOver(), 0u);
}

TEST_F(ChannelConnectionTest, TheDeadlineSaysHowFarTheRequestCame) {
  auto sent = AskAndSend(absl::Seconds(1));
  auto accepted = AskAndSend(absl::Seconds(1));
  transport_.Ack(1, ReasonCode::kSuccess);

  loop_.Advance(absl::Seconds(1));

  EXPECT_THAT(
      sent->result,
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("sent, but not acknowledged")));
  EXPECT_THAT(
      accepted->result,
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("taken by the broker")));
}

TEST_F(ChannelConnectionTest, ARequestSaysWhatIsLeftWhenItIsHandedOver) {
  Ask(absl::Seconds(10));
  loop_.Advance(absl::Milliseconds(3100));

  EXPECT_EQ(transport_.HandOver(), 1u);

  const Message& request = transport_.sent()[0].message;
  EXPECT_EQ(request.user_properties.front().second, "6900");
  EXPECT_EQ(request.expiry_seconds, 7u);
}

TEST_F(ChannelConnectionTest, ACancelledCallIsTakenBackFromTheQueue) {
  Call<Text> call = Echo::Stub(*channel_).SayAsync(Text());
  loop_.RunUntilIdle();
  EXPECT_EQ(transport_.queued(), 1u);

  call.Cancel();
  loop_.RunUntilIdle();

  EXPECT_EQ(transport_.HandOver(), 0u);
}

TEST_F(ChannelConnectionTest, ADestroyedChannelLeavesNothingToBeSentButTheCancelsOfWhatWas) {
  auto sent = AskAndSend();
  auto queued = Ask();

  channel_.reset();

  EXPECT_TRUE(transport_.subscriptions().empty());
  ASSERT_EQ(transport_.HandOver(), 1u);
  EXPECT_EQ(transport_.sent().back().message.topic, "mqrpc/cancels/mqrpc.tests.Echo");
  transport_.Ack(1, ReasonCode::kNotAuthorized);
  transport_.Ack(0, ReasonCode::kNotAuthorized);
  EXPECT_EQ(queued->times, 1);
  EXPECT_EQ(sent->times, 1);
  EXPECT_THAT(sent->result, StatusIs(absl::StatusCode::kCancelled, HasSubstr("shut down")));
}

// On a thread of the channel's own, which is to be idle when the channel is gone.
TEST_F(ChannelConnectionTest, AContinuationThatIsDueHasRunWhenTheChannelIsGone) {
  channel_ = std::make_unique<Channel>(transport_);
  loop_.RunUntilIdle();
  bool ran = false;
  Echo::Stub(*channel_).SayAsync(Text()).Then([&ran](absl::StatusOr<Text> reply) {
    EXPECT_THAT(reply, IsOk());
    ran = true;
  });
  transport_.HandOver();

  // In one turn of the loop.
  const Message& request = transport_.sent()[0].message;
  loop_.Post([&] {
    transport_.DeliverInTurn(
        {.topic = *request.response_topic, .correlation_data = request.correlation_data});
    channel_.reset();
    EXPECT_TRUE(ran);
  });
  loop_.RunUntilIdle();
}

}  // namespace
}  // namespace mqrpc::tests

// When a call is sent again, and when not: in virtual time, over a connection that does what a test
// says.

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "fake_echo.h"
#include "fake_transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "outcome.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
constexpr auto kDeadlineExceeded = absl::StatusCode::kDeadlineExceeded;

class ChannelRetryTest : public ::testing::Test {
 protected:
  ChannelRetryTest() { Open(); }

  void Open(ChannelOptions options = {}) {
    options.executor = &loop_;
    options.random = [] { return std::numeric_limits<uint64_t>::max(); };  // no wait is shortened
    options.log = [](LogLevel, std::string_view) {};
    channel_.reset();
    channel_ = std::make_unique<Channel>(transport_, std::move(options));
    loop_.RunUntilIdle();
  }

  std::shared_ptr<const Outcome<Text>> Call(Idempotency idempotency, CallOptions options = {}) {
    Method method = {.service = "acme.Valve", .name = "Turn", .idempotency = idempotency};
    auto outcome = Watch(channel_->Start<Text>(method, MakeText("left"), options));
    loop_.RunUntilIdle();
    return outcome;
  }
  std::shared_ptr<const Outcome<Text>> CallOnce(CallOptions options = {}) {
    return Call(Idempotency::kUnknown, options);
  }
  std::shared_ptr<const Outcome<Text>> CallIdempotent(CallOptions options = {}) {
    return Call(Idempotency::kIdempotent, options);
  }

  // Whether exactly one request is handed over.
  bool Sends() { return transport_.HandOver() == 1; }

  // How long from now until the next request.
  absl::Duration NextSend() {
    absl::Time start = loop_.Now();
    for (int i = 0; i < 100'000 && transport_.HandOver() == 0; ++i) {
      loop_.Advance(absl::Milliseconds(1));
    }
    return loop_.Now() - start;
  }

  const Message& Sent(size_t index) { return transport_.sent().at(index).message; }

  void Reply(size_t index) {
    transport_.Deliver(
        {.topic = *Sent(index).response_topic, .correlation_data = Sent(index).correlation_data});
  }

  void Refuse(size_t index, absl::StatusCode code, std::string attempt) {
    transport_.Deliver(
        {.topic = *Sent(index).response_topic,
         .correlation_data = Sent(index).correlation_data,
         .user_properties = {
             {"mqrpc-status", std::to_string(static_cast<int>(code))},
             {"mqrpc-refused", std::move(attempt)}}});
  }

  testing::ManualLoop loop_;
  FakeTransport transport_{loop_};
  std::unique_ptr<Channel> channel_;
};

TEST_F(ChannelRetryTest, ACallToNobodyFailsAtOnce) {
  auto outcome = CallIdempotent();
  EXPECT_TRUE(Sends());
  transport_.Ack(0, ReasonCode::kNoMatchingSubscribers);
  EXPECT_THAT(outcome->result, StatusIs(kUnavailable, HasSubstr("nobody is subscribed")));
}

TEST_F(ChannelRetryTest, UnlessItIsToWaitForAServer) {
  auto outcome = CallOnce({.wait_for_ready = true});
  EXPECT_TRUE(Sends());
  absl::Duration waits[] = {
      absl::Milliseconds(100),
      absl::Milliseconds(200),
      absl::Milliseconds(400)};
  for (size_t i = 0; i < 3; ++i) {
    transport_.Ack(i, ReasonCode::kNoMatchingSubscribers);
    EXPECT_EQ(NextSend(), waits[i]);
  }
  Reply(3);
  EXPECT_THAT(outcome->result, IsOk());
  EXPECT_EQ(outcome->times, 1);
}

TEST_F(ChannelRetryTest, WhichItDoesUntilItsDeadlineAndSaysForWhat) {
  auto outcome = CallOnce({.timeout = absl::Seconds(10), .wait_for_ready = true});
  size_t sent = 0;
  while (outcome->times == 0) {
    if (Sends()) transport_.Ack(sent++, ReasonCode::kNoMatchingSubscribers);
    loop_.Advance(absl::Milliseconds(100));
  }
  EXPECT_EQ(loop_.Now(), absl::UnixEpoch() + absl::Seconds(10));
  EXPECT_EQ(sent, 7u);  // after 0.1, 0.3, 0.7, 1.5, 3.1 and 6.3 s
  EXPECT_THAT(outcome->result, StatusIs(kDeadlineExceeded, HasSubstr("nobody is subscribed")));
  EXPECT_THAT(outcome->result.status().message(), ::testing::Not(HasSubstr("may have run")));
}

TEST_F(ChannelRetryTest, NoWaitIsLongerThanTheLongest) {
  RetryPolicy retry = {.initial_backoff = absl::Seconds(1), .max_backoff = absl::Seconds(3)};
  auto outcome = CallOnce({.wait_for_ready = true, .retry = retry});
  EXPECT_TRUE(Sends());
  for (int seconds : {1, 2, 3, 3}) {
    transport_.Ack(transport_.sent().size() - 1, ReasonCode::kNoMatchingSubscribers);
    EXPECT_EQ(NextSend(), absl::Seconds(seconds));
  }
}

TEST_F(ChannelRetryTest, AnIdempotentCallIsSentAgainOverTheNextConnection) {
  auto outcome = CallIdempotent();
  EXPECT_TRUE(Sends());
  transport_.Ack(0, ReasonCode::kSuccess);
  loop_.Advance(absl::Seconds(10));
  transport_.LoseConnection();
  EXPECT_EQ(outcome->times, 0);
  transport_.AnswerSubscriptions(absl::OkStatus());
  EXPECT_TRUE(Sends());

  EXPECT_EQ(Sent(1).correlation_data, Sent(0).correlation_data);
  EXPECT_EQ(Sent(1).response_topic, Sent(0).response_topic);
  EXPECT_EQ(Sent(1).payload, Sent(0).payload);
  EXPECT_THAT(Sent(0).user_properties, Contains(Pair("mqrpc-timeout", "30000")));
  EXPECT_THAT(Sent(1).user_properties, Contains(Pair("mqrpc-timeout", "20000")));
  EXPECT_THAT(Sent(1).user_properties, Contains(Pair("mqrpc-attempt", "2")));
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
  EXPECT_EQ(channel_->stats().retries, 1u);
}

TEST_F(ChannelRetryTest, SoIsOneThatTheBrokerHadNotAcknowledged) {
  auto outcome = CallIdempotent();
  EXPECT_TRUE(Sends());
  transport_.LoseConnection();
  EXPECT_TRUE(Sends());
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, AnotherCallIsNotForItMayHaveRun) {
  auto outcome = CallOnce();
  EXPECT_TRUE(Sends());
  transport_.LoseConnection();
  EXPECT_FALSE(Sends());
  EXPECT_THAT(outcome->result, StatusIs(kUnavailable, HasSubstr("outcome")));
}

TEST_F(ChannelRetryTest, ACallThatNobodyServesAnyMoreMayHaveRunBefore) {
  auto outcome = CallIdempotent();
  EXPECT_TRUE(Sends());
  transport_.LoseConnection();
  EXPECT_TRUE(Sends());
  transport_.Ack(1, ReasonCode::kNoMatchingSubscribers);
  EXPECT_THAT(
      outcome->result,
      StatusIs(kUnavailable, AllOf(HasSubstr("nobody"), HasSubstr("unknown"))));
}

TEST_F(ChannelRetryTest, ACallThatExpiresWhileTheConnectionIsDownMayHaveRunBefore) {
  auto outcome = CallIdempotent();
  EXPECT_TRUE(Sends());
  transport_.LoseConnection();
  loop_.Advance(absl::Seconds(30));
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          kDeadlineExceeded,
          AllOf(HasSubstr("waiting to be sent again"), HasSubstr("may have run"))));
  EXPECT_FALSE(Sends());
}

TEST_F(ChannelRetryTest, AnIdempotentAttemptMayHaveATimeOfItsOwn) {
  RetryPolicy retry = {.max_attempts = 3, .attempt_timeout = absl::Seconds(1)};
  auto outcome = CallIdempotent({.timeout = absl::Seconds(10), .retry = retry});
  EXPECT_TRUE(Sends());
  EXPECT_EQ(NextSend(), absl::Seconds(1));
  EXPECT_EQ(NextSend(), absl::Seconds(1));
  loop_.Advance(absl::Seconds(7));
  EXPECT_FALSE(Sends());
  EXPECT_EQ(outcome->times, 0);
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(outcome->result, StatusIs(kDeadlineExceeded, HasSubstr("may have run")));
}

TEST_F(ChannelRetryTest, WhichChangesNothingForAnother) {
  auto outcome = CallOnce({.retry = RetryPolicy{.attempt_timeout = absl::Seconds(1)}});
  EXPECT_TRUE(Sends());
  loop_.Advance(absl::Seconds(20));
  EXPECT_FALSE(Sends());
  Reply(0);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, AReplyToAnEarlierAttemptCounts) {
  auto outcome = CallIdempotent({.retry = RetryPolicy{.attempt_timeout = absl::Seconds(1)}});
  EXPECT_TRUE(Sends());
  EXPECT_EQ(NextSend(), absl::Seconds(1));
  Reply(0);
  EXPECT_THAT(outcome->result, IsOk());
  Reply(1);
  EXPECT_EQ(outcome->times, 1);
  EXPECT_EQ(channel_->stats().late_replies, 1u);
}

TEST_F(ChannelRetryTest, AnAcknowledgementOfAnEarlierAttemptDoesNot) {
  auto outcome = CallIdempotent({.retry = RetryPolicy{.attempt_timeout = absl::Seconds(1)}});
  EXPECT_TRUE(Sends());
  EXPECT_EQ(NextSend(), absl::Seconds(1));
  transport_.Ack(0, ReasonCode::kNoMatchingSubscribers);
  EXPECT_EQ(outcome->times, 0);
}

TEST_F(ChannelRetryTest, AnyCallIsSentAgainThatAServerRefusedUnrun) {
  auto outcome = CallOnce();
  EXPECT_TRUE(Sends());
  Refuse(0, kUnavailable, "1");
  EXPECT_EQ(NextSend(), absl::Milliseconds(100));
  EXPECT_EQ(Sent(1).correlation_data, Sent(0).correlation_data);
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, AsOftenAsItsPolicySays) {
  auto outcome = CallOnce({.retry = RetryPolicy{.max_attempts = 2}});
  EXPECT_TRUE(Sends());
  Refuse(0, kUnavailable, "1");
  EXPECT_EQ(NextSend(), absl::Milliseconds(100));
  Refuse(1, kUnavailable, "2");
  EXPECT_THAT(outcome->result, StatusIs(kUnavailable, _));
}

TEST_F(ChannelRetryTest, ARefusalThatComesTwiceRefusesOneAttempt) {
  auto outcome = CallOnce();
  EXPECT_TRUE(Sends());
  Refuse(0, kUnavailable, "1");
  EXPECT_EQ(NextSend(), absl::Milliseconds(100));
  Refuse(0, kUnavailable, "1");
  loop_.Advance(absl::Seconds(5));
  EXPECT_FALSE(Sends());
  EXPECT_EQ(outcome->times, 0);
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, AlsoIfItComesWhileTheCallWaits) {
  auto outcome = CallOnce({.retry = RetryPolicy{.max_attempts = 2}});
  EXPECT_TRUE(Sends());
  Refuse(0, kUnavailable, "1");
  Refuse(0, kUnavailable, "1");
  EXPECT_EQ(outcome->times, 0);
  EXPECT_EQ(NextSend(), absl::Milliseconds(100));
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, AnAcknowledgementThatARefusalHasOvertakenChangesNothing) {
  auto outcome = CallOnce();
  EXPECT_TRUE(Sends());
  Refuse(0, kUnavailable, "1");
  transport_.Ack(0, ReasonCode::kSuccess);
  loop_.Advance(absl::Milliseconds(100));
  ASSERT_TRUE(Sends());
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, NorDoesTheLossOfItsConnection) {
  auto outcome = CallOnce();
  EXPECT_TRUE(Sends());
  Refuse(0, kUnavailable, "1");
  transport_.LoseConnection();
  transport_.AnswerSubscriptions(absl::OkStatus());
  EXPECT_EQ(outcome->times, 0);
  loop_.Advance(absl::Milliseconds(100));
  ASSERT_TRUE(Sends());
  Reply(1);
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelRetryTest, AServerThatHasTooMuchToDoIsNotAskedAgain) {
  auto outcome = CallIdempotent();
  EXPECT_TRUE(Sends());
  Refuse(0, absl::StatusCode::kResourceExhausted, "1");
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kResourceExhausted, _));
}

TEST_F(ChannelRetryTest, ARefusalSaysIfAnEarlierAttemptMayHaveRun) {
  auto outcome = CallIdempotent({.retry = RetryPolicy{.attempt_timeout = absl::Seconds(1)}});
  EXPECT_TRUE(Sends());
  EXPECT_EQ(NextSend(), absl::Seconds(1));
  Refuse(1, absl::StatusCode::kResourceExhausted, "2");
  EXPECT_THAT(
      outcome->result,
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("acme.Valve/Turn is unknown")));
}

TEST_F(ChannelRetryTest, RetriesAreBoundedOverAllCalls) {
  Open({.retries_per_hundred_calls = 50, .max_saved_retries = 1});
  auto first = CallOnce();
  auto second = CallOnce();
  EXPECT_EQ(transport_.HandOver(), 2u);
  Refuse(0, kUnavailable, "1");
  Refuse(1, kUnavailable, "1");
  EXPECT_EQ(second->times, 1);

  EXPECT_EQ(NextSend(), absl::Milliseconds(100));
  Reply(2);
  auto third = CallOnce();
  EXPECT_TRUE(Sends());
  Reply(3);
  EXPECT_THAT(third->result, IsOk());
  auto fourth = CallOnce();
  EXPECT_TRUE(Sends());
  Refuse(4, kUnavailable, "1");
  EXPECT_EQ(fourth->times, 0);
  EXPECT_EQ(NextSend(), absl::Milliseconds(100));
}

TEST_F(ChannelRetryTest, ACallThatWaitsMayBeDropped) {
  {
    Method method = {.service = "acme.Valve", .name = "Turn"};
    auto call = channel_->Start<Text>(method, Text(), {.wait_for_ready = true});
    EXPECT_TRUE(Sends());
    transport_.Ack(0, ReasonCode::kNoMatchingSubscribers);
  }
  loop_.Advance(absl::Seconds(10));
  EXPECT_FALSE(Sends());
}

TEST_F(ChannelRetryTest, WhatACallDoesNotSayItsMethodDoesOrElseTheChannel) {
  Open({.timeout = absl::Seconds(1), .qos = QoS::kAtMostOnce, .wait_for_ready = true});
  Method method = {
      .service = "acme.Valve",
      .name = "Turn",
      .options = {.timeout = absl::Seconds(2), .qos = QoS::kExactlyOnce}};
  auto of_the_call = Watch(channel_->Start<Text>(method, Text(), {.timeout = absl::Seconds(3)}));
  EXPECT_TRUE(Sends());
  auto of_the_method = Watch(channel_->Start<Text>(method, Text()));
  EXPECT_TRUE(Sends());
  method.options = {};
  auto of_the_channel = Watch(channel_->Start<Text>(method, Text()));
  EXPECT_TRUE(Sends());

  EXPECT_THAT(Sent(0).user_properties, Contains(Pair("mqrpc-timeout", "3000")));
  EXPECT_EQ(Sent(0).qos, QoS::kExactlyOnce);
  EXPECT_THAT(Sent(1).user_properties, Contains(Pair("mqrpc-timeout", "2000")));
  EXPECT_THAT(Sent(2).user_properties, Contains(Pair("mqrpc-timeout", "1000")));
  EXPECT_EQ(Sent(2).qos, QoS::kAtMostOnce);
}

TEST_F(ChannelRetryTest, AWrongPolicyIsNamed) {
  RetryPolicy wrong[] = {
      {.max_attempts = 0},
      {.initial_backoff = absl::ZeroDuration()},
      {.initial_backoff = absl::Seconds(2), .max_backoff = absl::Seconds(1)},
      {.attempt_timeout = absl::ZeroDuration()}};
  for (const RetryPolicy& retry : wrong) {
    EXPECT_THAT(
        CallOnce({.retry = retry})->result,
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("CallOptions::retry")));
    Open({.retry = retry});
    EXPECT_THAT(
        channel_->status(),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ChannelOptions::retry")));
    Open();
  }
}

struct NeverCancelled final : internal::CallControl {
  bool IsCancelled() override { return false; }
  std::stop_token StopToken() override { return {}; }
  std::stop_token CancelToken() override { return {}; }
  void OnHeader() override {}
  size_t max_metadata_size() const override { return 0; }
};

// A call that a handler makes ends when the one that it answers does.
TEST_F(ChannelRetryTest, ANestedCallHasTheTimeThatIsLeft) {
  NeverCancelled call;
  internal::CallPlace place = {.method = "acme.Valve/Turn", .wants_reply = true};
  ServerContext limited(loop_, loop_.Now() + absl::Seconds(5), place, {}, call);
  ServerContext unlimited(loop_, absl::InfiniteFuture(), place, {}, call);
  loop_.Advance(absl::Seconds(2));
  EXPECT_EQ(CallOptions::From(limited).timeout, absl::Seconds(3));
  EXPECT_EQ(CallOptions::From(unlimited).timeout, std::nullopt);

  loop_.Advance(absl::Seconds(4));
  auto outcome = CallOnce(CallOptions::From(limited));
  loop_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(outcome->result, StatusIs(kDeadlineExceeded, _));
  EXPECT_FALSE(Sends());
}

}  // namespace
}  // namespace mqrpc::tests

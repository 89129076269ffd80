// Calls that share a message, on the caller's side: in virtual time, over a connection that does
// what a test says.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "fake_echo.h"
#include "fake_transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "outcome.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using internal::wire::BatchedRequest;
using internal::wire::BatchWriter;
using ::testing::_;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

using CallOutcome = std::shared_ptr<const Outcome<Text>>;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
constexpr auto kDeadlineExceeded = absl::StatusCode::kDeadlineExceeded;

const auto kAsks = Contains(Pair("mqrpc-batches", "1"));

class BatchingTest : public ::testing::Test {
 protected:
  BatchingTest() { Open(); }

  void Open(ChannelOptions options = {}) {
    options.executor = &loop_;
    options.log = [](LogLevel, std::string_view) {};
    channel_.reset();
    transport_.HandOver();  // the cancels of its calls
    channel_ = std::make_unique<Channel>(transport_, std::move(options));
    loop_.RunUntilIdle();
  }

  Call<Text> Start(Idempotency idempotency, const CallOptions& options, std::string text) {
    return channel_->Start<Text>(
        {"acme.Valve", "Turn", idempotency},
        MakeText(std::move(text)),
        options);
  }
  CallOutcome Ask(const CallOptions& options = {}, std::string text = "left") {
    auto outcome = Watch(Start(Idempotency::kUnknown, options, std::move(text)));
    loop_.RunUntilIdle();
    return outcome;
  }
  std::vector<CallOutcome> AskMany(size_t count, const CallOptions& options = {}) {
    std::vector<CallOutcome> outcomes;
    for (size_t i = 0; i < count; ++i) outcomes.push_back(Ask(options));
    return outcomes;
  }

  // Two calls, of which one asks, and is told.
  void LearnOfBatches(std::string most = "256") {
    auto outcomes = AskMany(2);
    ASSERT_EQ(transport_.HandOver(), 2u);
    Message reply = ReplyTo(Sent(Last()));
    reply.user_properties = {{"mqrpc-batches", std::move(most)}};
    transport_.Deliver(reply);
    transport_.Deliver(ReplyTo(Sent(Last() - 1)));
    ASSERT_THAT(outcomes[0]->result, IsOk());
    ASSERT_THAT(outcomes[1]->result, IsOk());
  }

  // For batches, which is worth a try again after a second.
  void ExpectToAskLater() {
    loop_.Advance(absl::Seconds(1));
    Ask();
    transport_.HandOver();
    EXPECT_THAT(Sent(Last()).user_properties, kAsks);
  }

  size_t Last() const { return transport_.sent().size() - 1; }
  const Message& Sent(size_t index) const { return transport_.sent().at(index).message; }

  static Message ReplyTo(const Message& request) {
    return {.topic = *request.response_topic, .correlation_data = request.correlation_data};
  }

  void DeliverBatch(BatchWriter& writer) {
    transport_.Deliver(
        writer.TakeReplies("mqrpc/clients/client/replies", QoS::kAtLeastOnce, absl::Seconds(1)));
  }

  testing::ManualLoop loop_;
  FakeTransport transport_{loop_};
  std::unique_ptr<Channel> channel_;
};

TEST_F(BatchingTest, ACallThatIsAloneIsSentAsEver) {
  Ask();
  transport_.HandOver();
  EXPECT_THAT(Sent(0).user_properties, Not(kAsks));
  EXPECT_EQ(Sent(0).topic, "mqrpc/services/acme.Valve/Turn");
}

TEST_F(BatchingTest, OneInCompanyAsksWhetherTheServiceTakesBatches) {
  AskMany(3);
  ASSERT_EQ(transport_.HandOver(), 3u);
  EXPECT_THAT(Sent(0).user_properties, kAsks);
  EXPECT_THAT(Sent(1).user_properties, Not(kAsks));
  EXPECT_THAT(Sent(2).user_properties, Not(kAsks));
}

TEST_F(BatchingTest, WhichItDoesAgainLaterIfNobodyAnswers) {
  AskMany(2);
  transport_.HandOver();
  ExpectToAskLater();
}

TEST_F(BatchingTest, ThenCallsThatWaitShareAMessage) {
  LearnOfBatches();
  AskMany(7);
  EXPECT_EQ(transport_.HandOver(), 4u);  // two in each: one, and one more for each four
}

TEST_F(BatchingTest, ButForOneThatIsToTravelAlone) {
  LearnOfBatches();
  AskMany(2);
  Ask({.shares_messages = false}, "alone");
  AskMany(4);
  ASSERT_EQ(transport_.HandOver(), 4u);  // two, that one, two, two
  EXPECT_EQ(Sent(Last() - 2).topic, "mqrpc/services/acme.Valve/Turn");
  EXPECT_EQ(Sent(Last() - 2).payload, MakeText("alone").SerializeAsString());
}

TEST_F(BatchingTest, WhichDoesNotAskForBatchesEither) {
  AskMany(3, {.shares_messages = false});
  transport_.HandOver();
  for (const auto& sent : transport_.sent()) {
    EXPECT_THAT(sent.message.user_properties, Not(kAsks));
  }
}

TEST_F(BatchingTest, ABatchSaysOfEachCallWhatItsOwnMessageWould) {
  LearnOfBatches();
  Ask({.timeout = absl::Seconds(2)}, "one");
  Ask({.timeout = absl::Seconds(5)}, "two");
  AskMany(2);
  transport_.HandOver();

  const Message& message = Sent(2);
  EXPECT_EQ(message.topic, "mqrpc/batches/acme.Valve/Turn");
  EXPECT_EQ(message.response_topic, "mqrpc/clients/client/replies");
  EXPECT_EQ(message.expiry_seconds, 5u);
  auto frames = internal::wire::DecodeRequests(message);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].frame.remaining, absl::Seconds(2));
  EXPECT_EQ(frames[1].frame.remaining, absl::Seconds(5));
  EXPECT_EQ(frames[0].frame.payload, MakeText("one").SerializeAsString());
  EXPECT_NE(frames[0].frame.correlation, frames[1].frame.correlation);
}

TEST_F(BatchingTest, AsManyAsTheServiceTakesAndTheChannelAllows) {
  LearnOfBatches("3");
  AskMany(40);
  transport_.HandOver();
  EXPECT_EQ(internal::wire::DecodeRequests(Sent(2)).size(), 3u);

  Open({.max_batch_calls = 5});
  LearnOfBatches();
  size_t before = Last();
  AskMany(40);
  transport_.HandOver();
  EXPECT_EQ(internal::wire::DecodeRequests(Sent(before + 1)).size(), 5u);
}

TEST_F(BatchingTest, AChannelThatWantsNoneDoesNotAsk) {
  Open({.max_batch_calls = 1});
  AskMany(5);
  EXPECT_EQ(transport_.HandOver(), 5u);
  for (const auto& sent : transport_.sent()) EXPECT_THAT(sent.message.user_properties, Not(kAsks));
}

TEST_F(BatchingTest, LargeRequestsShareNothing) {
  LearnOfBatches();
  for (int i = 0; i < 8; ++i) Ask({}, std::string(80 << 10, 'x'));
  EXPECT_EQ(transport_.HandOver(), 8u);
}

TEST_F(BatchingTest, EachCallOfABatchEndsOnItsOwn) {
  LearnOfBatches();
  auto outcomes = AskMany(16);
  transport_.HandOver();
  auto frames = internal::wire::DecodeRequests(Sent(2));
  ASSERT_GE(frames.size(), 3u);

  BatchWriter replies;
  replies.AddReply(
      {.correlation = frames[0].frame.correlation},
      MakeText("done").SerializeAsString(),
      internal::wire::Ran::kYes);
  replies.AddReply(
      {.correlation = frames[1].frame.correlation},
      absl::NotFoundError("no such valve"),
      internal::wire::Ran::kYes);
  DeliverBatch(replies);
  loop_.Advance(absl::Seconds(30));

  ASSERT_THAT(outcomes[0]->result, IsOk());
  EXPECT_EQ(outcomes[0]->result->text(), "done");
  EXPECT_THAT(outcomes[1]->result, StatusIs(absl::StatusCode::kNotFound, "no such valve"));
  EXPECT_THAT(outcomes[2]->result, StatusIs(kDeadlineExceeded, HasSubstr("acme.Valve/Turn")));
  for (const CallOutcome& outcome : outcomes) EXPECT_EQ(outcome->times, 1);
}

TEST_F(BatchingTest, ACallIsTakenBackFromItsRouteAlone) {
  LearnOfBatches();
  auto first = Watch(Start(Idempotency::kUnknown, {}, "first"));
  Call<Text> dropped = Start(Idempotency::kUnknown, {}, "dropped");
  AskMany(3);
  dropped.Cancel();
  loop_.RunUntilIdle();
  transport_.HandOver();
  for (size_t i = 2; i <= Last(); ++i) EXPECT_THAT(Sent(i).payload, Not(HasSubstr("dropped")));
}

TEST_F(BatchingTest, ARefusedBatchIsSentSinglyAtOnceAndEachCallHasItsOwnStatus) {
  for (ReasonCode reason : {ReasonCode::kNoMatchingSubscribers, ReasonCode::kNotAuthorized}) {
    Open();
    LearnOfBatches();
    size_t batch = Last() + 1;
    auto outcomes = AskMany(4);
    transport_.HandOver();
    ASSERT_TRUE(internal::wire::IsBatch(Sent(batch)));
    size_t before = Last();

    transport_.Ack(batch, reason);
    ASSERT_EQ(transport_.HandOver(), 2u);
    EXPECT_EQ(Sent(before + 1).topic, "mqrpc/services/acme.Valve/Turn");
    EXPECT_THAT(Sent(before + 1).user_properties, Not(Contains(Pair("mqrpc-attempt", _))));
    transport_.Ack(before + 1, ReasonCode::kNotAuthorized);
    transport_.Deliver(ReplyTo(Sent(before + 2)));
    EXPECT_THAT(
        outcomes[0]->result,
        StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("mqrpc/services/acme.Valve/Turn")));
    EXPECT_THAT(outcomes[1]->result, IsOk());
  }
}

TEST_F(BatchingTest, OneThatIsTooLargeIsSentInSmallerOnes) {
  LearnOfBatches();
  auto first = AskMany(20);  // of which more share one the more there are
  transport_.HandOver();
  size_t batch = Last() + 1;
  auto outcomes = AskMany(4);
  transport_.HandOver();
  ASSERT_EQ(internal::wire::DecodeRequests(Sent(batch)).size(), 4u);
  size_t before = Last();

  transport_.Ack(batch, ReasonCode::kPacketTooLarge);
  ASSERT_EQ(transport_.HandOver(), 2u);
  EXPECT_EQ(internal::wire::DecodeRequests(Sent(before + 1)).size(), 2u);
  EXPECT_EQ(internal::wire::DecodeRequests(Sent(before + 2)).size(), 2u);

  transport_.Ack(before + 1, absl::ResourceExhaustedError("so says our own end"));
  ASSERT_EQ(transport_.HandOver(), 2u);
  EXPECT_FALSE(internal::wire::IsBatch(Sent(before + 3)));
  EXPECT_FALSE(internal::wire::IsBatch(Sent(before + 4)));
}

TEST_F(BatchingTest, AfterWhichBatchesAreAskedForAgain) {
  LearnOfBatches();
  AskMany(4);
  transport_.HandOver();
  transport_.Ack(2, ReasonCode::kNoMatchingSubscribers);
  transport_.HandOver();
  EXPECT_THAT(Sent(Last()).user_properties, Not(kAsks));

  ExpectToAskLater();
}

TEST_F(BatchingTest, ALostConnectionLeavesTheOutcomeOfEachCallUnknown) {
  LearnOfBatches();
  auto outcomes = AskMany(4);
  transport_.HandOver();
  transport_.LoseConnection();
  for (const CallOutcome& outcome : outcomes) {
    EXPECT_EQ(outcome->times, 1);
    EXPECT_THAT(outcome->result, StatusIs(kUnavailable, HasSubstr("is unknown")));
  }
}

TEST_F(BatchingTest, ThoseThatMayRunTwiceAreSentAgainSingly) {
  LearnOfBatches();
  std::vector<CallOutcome> outcomes;
  for (int i = 0; i < 4; ++i) {
    outcomes.push_back(Watch(Start(Idempotency::kIdempotent, {}, "left")));
  }
  loop_.RunUntilIdle();
  transport_.HandOver();
  size_t before = Last();
  transport_.LoseConnection();
  transport_.AnswerSubscriptions(absl::OkStatus());
  ASSERT_EQ(transport_.HandOver(), 4u);
  for (size_t i = before + 1; i <= Last(); ++i) {
    EXPECT_EQ(Sent(i).topic, "mqrpc/services/acme.Valve/Turn");
    transport_.Deliver(ReplyTo(Sent(i)));
  }
  for (const CallOutcome& outcome : outcomes) EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(BatchingTest, ABatchThatIsNotAnsweredAtAllIsTheLast) {
  LearnOfBatches();
  auto outcomes = AskMany(8, {.timeout = absl::Seconds(1)});
  transport_.HandOver();
  loop_.Advance(absl::Seconds(1));
  for (const CallOutcome& outcome : outcomes) {
    EXPECT_THAT(outcome->result, StatusIs(kDeadlineExceeded, _));
  }

  size_t before = Last();
  AskMany(8);
  EXPECT_EQ(transport_.HandOver(), 8u);
  EXPECT_EQ(Sent(before + 1).topic, "mqrpc/services/acme.Valve/Turn");
}

TEST_F(BatchingTest, OneThatIsAnsweredInPartIsNot) {
  LearnOfBatches();
  AskMany(8, {.timeout = absl::Seconds(1)});
  transport_.HandOver();
  for (size_t i = 2; i <= Last(); ++i) {
    BatchWriter replies;
    replies.AddReply(
        {.correlation = internal::wire::DecodeRequests(Sent(i))[0].frame.correlation},
        std::string(),
        internal::wire::Ran::kYes);
    DeliverBatch(replies);
  }
  loop_.Advance(absl::Seconds(1));
  AskMany(8);
  EXPECT_LT(transport_.HandOver(), 8u);
}

TEST_F(BatchingTest, ARefusalInABatchRefusesOneAttempt) {
  LearnOfBatches();
  auto outcomes = AskMany(4);
  transport_.HandOver();
  auto frames = internal::wire::DecodeRequests(Sent(2));
  size_t before = Last();

  BatchWriter replies;
  replies.AddReply(
      {.correlation = frames[0].frame.correlation, .attempt = 1},
      absl::UnavailableError("the server was shut down"),
      internal::wire::Ran::kNo);
  DeliverBatch(replies);
  loop_.Advance(absl::Milliseconds(100));
  ASSERT_EQ(transport_.HandOver(), 1u);
  EXPECT_EQ(Sent(before + 1).correlation_data, frames[0].frame.correlation);
  EXPECT_THAT(Sent(before + 1).user_properties, Contains(Pair("mqrpc-attempt", "2")));
}

TEST_F(BatchingTest, AReplyThatDoesNotParseHarmsNoOther) {
  LearnOfBatches();
  auto outcomes = AskMany(4);
  transport_.HandOver();
  auto frames = internal::wire::DecodeRequests(Sent(2));
  BatchWriter replies;
  for (const BatchedRequest& request : frames) {
    replies.AddReply(
        {.correlation = request.frame.correlation},
        MakeText("answer").SerializeAsString(),
        internal::wire::Ran::kYes);
  }
  Message message =
      replies.TakeReplies("mqrpc/clients/client/replies", QoS::kAtLeastOnce, absl::Seconds(1));
  size_t payload = message.payload.find(
      "\x0a\x06"
      "answer");
  message.payload[payload - 1] = 100;  // longer than its frame
  transport_.Deliver(message);

  EXPECT_THAT(
      outcomes[0]->result,
      StatusIs(absl::StatusCode::kInternal, HasSubstr("does not parse")));
  EXPECT_THAT(outcomes[1]->result, IsOk());
}

}  // namespace
}  // namespace mqrpc::tests

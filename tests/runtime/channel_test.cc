// The client's end of calls, in virtual time, against a peer that answers what a test says.

#include "mqrpc/channel.h"

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/status.pb.h"
#include "mqrpc/status_details.h"
#include "outcome.h"
#include "status_matchers.h"
#include "virtual_network.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr uint64_t kNonce = 0x0102030405060708;

// What a server would answer to a request.
Message ReplyTo(const Message& request, std::string payload = {}) {
  return {
      .topic = *request.response_topic,
      .payload = std::move(payload),
      .correlation_data = request.correlation_data};
}

Message ErrorReplyTo(const Message& request, std::string code, std::string payload) {
  Message reply = ReplyTo(request, std::move(payload));
  reply.user_properties.emplace_back("mqrpc-status", std::move(code));
  return reply;
}

class ChannelTest : public ::testing::Test {
 protected:
  ChannelTest() { server_.Subscribe("mqrpc/services/mqrpc.tests.Echo/+"); }

  // With the test's executor, log and nonce.
  void Open(ChannelOptions options = {}) {
    options.executor = &network_.loop;
    options.log = network_.log.Sink();
    options.random = [] { return kNonce; };
    channel_ = std::make_unique<Channel>(*connection_, std::move(options));
  }

  Call<Text> Start(const CallOptions& options = {}) {
    return Echo::Stub(*channel_).SayAsync(MakeText("hello"), options);
  }

  // Starts a call and returns when its request has arrived.
  std::shared_ptr<const Outcome<Text>> Ask(const CallOptions& options = {}) {
    auto outcome = Watch(Start(options));
    network_.loop.RunUntilIdle();
    return outcome;
  }

  const Message& LastRequest() const { return server_.received().back(); }

  VirtualNetwork network_;
  Peer server_ = network_.MakePeer("server");
  std::unique_ptr<Transport> connection_ = network_.Connect("client");
  std::unique_ptr<Channel> channel_;
};

TEST_F(ChannelTest, ARequestSaysWhatIsAskedAndWhereToAnswer) {
  Open();
  auto outcome = Ask({.timeout = absl::Milliseconds(1500)});

  ASSERT_EQ(server_.received().size(), 1u);
  const Message& request = LastRequest();
  EXPECT_EQ(request.topic, "mqrpc/services/mqrpc.tests.Echo/Say");
  EXPECT_EQ(request.payload, MakeText("hello").SerializeAsString());
  EXPECT_EQ(request.qos, QoS::kAtLeastOnce);
  EXPECT_FALSE(request.retain);
  EXPECT_EQ(request.response_topic, "mqrpc/clients/client/replies");
  EXPECT_EQ(request.correlation_data, std::string("\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\1", 16));
  EXPECT_EQ(request.content_type, std::nullopt);
  EXPECT_EQ(request.expiry_seconds, 2u);  // rounded up
  EXPECT_THAT(request.user_properties, ElementsAre(Pair("mqrpc-timeout", "1500")));
  EXPECT_EQ(outcome->times, 0);
}

TEST_F(ChannelTest, EachCallHasItsOwnCorrelationAndAllHaveOneResponseTopic) {
  Open();
  Ask();
  Ask();

  EXPECT_NE(server_.received()[0].correlation_data, server_.received()[1].correlation_data);
  EXPECT_EQ(server_.received()[0].response_topic, server_.received()[1].response_topic);
}

TEST_F(ChannelTest, TwoChannelsNeverHaveOneCorrelation) {
  std::vector<std::string> correlations;
  for (int i = 0; i < 2; ++i) {
    Channel channel(*connection_, {.executor = &network_.loop});
    Watch(Echo::Stub(channel).SayAsync(Text()));
    network_.loop.RunUntilIdle();
    correlations.push_back(*LastRequest().correlation_data);
  }
  EXPECT_NE(correlations[0], correlations[1]);
}

TEST_F(ChannelTest, ThePrefixIsThatOfBothTopics) {
  server_.Subscribe("tenants/acme/services/#");
  Open({.prefix = "tenants/acme"});
  Ask();

  EXPECT_EQ(LastRequest().topic, "tenants/acme/services/mqrpc.tests.Echo/Say");
  EXPECT_EQ(LastRequest().response_topic, "tenants/acme/clients/client/replies");
}

TEST_F(ChannelTest, TheQosIsTheChannelsUnlessTheCallSaysOtherwise) {
  Open({.qos = QoS::kExactlyOnce});
  Ask();
  EXPECT_EQ(LastRequest().qos, QoS::kExactlyOnce);
  Ask({.qos = QoS::kAtMostOnce});
  EXPECT_EQ(LastRequest().qos, QoS::kAtMostOnce);
}

TEST_F(ChannelTest, TheReplyCompletesTheCallOnce) {
  Open();
  auto outcome = Ask();

  server_.Publish(ReplyTo(LastRequest(), MakeText("hi").SerializeAsString()));

  EXPECT_EQ(outcome->times, 1);
  ASSERT_THAT(outcome->result, IsOk());
  EXPECT_EQ(outcome->result->text(), "hi");
  EXPECT_EQ(channel_->stats().calls_started, 1u);
  EXPECT_EQ(channel_->stats().calls_completed, 1u);
}

TEST_F(ChannelTest, RepliesMayComeInAnyOrder) {
  Open();
  auto first = Ask();
  auto second = Ask();

  server_.Publish(ReplyTo(server_.received()[1], MakeText("second").SerializeAsString()));
  server_.Publish(ReplyTo(server_.received()[0], MakeText("first").SerializeAsString()));

  EXPECT_EQ(first->result->text(), "first");
  EXPECT_EQ(second->result->text(), "second");
}

TEST_F(ChannelTest, PropertiesThatAreNotKnownAreIgnored) {
  Open();
  auto outcome = Ask();

  Message reply = ReplyTo(LastRequest());
  reply.content_type = "application/protobuf";
  reply.expiry_seconds = 5;
  reply.response_topic = "somewhere/else";
  reply.user_properties = {{"mqrpc-invented-later", "1"}, {"x", "y"}, {"mqrpc-status", "0"}};
  server_.Publish(reply);

  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ChannelTest, ASecondReplyIsLate) {
  Open();
  auto outcome = Ask();

  server_.Publish(ReplyTo(LastRequest()));
  server_.Publish(ReplyTo(LastRequest()));

  EXPECT_EQ(outcome->times, 1);
  EXPECT_EQ(channel_->stats().late_replies, 1u);
  EXPECT_EQ(network_.log.Count("has ended"), 1u);
}

TEST_F(ChannelTest, AReplyAfterTheDeadlineIsLate) {
  Open();
  auto outcome = Ask({.timeout = absl::Seconds(1)});
  network_.loop.Advance(absl::Seconds(1));

  server_.Publish(ReplyTo(LastRequest()));

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("1s")));
  EXPECT_EQ(channel_->stats().late_replies, 1u);
}

TEST_F(ChannelTest, RepliesOfOthersAreUnknown) {
  Open();
  auto outcome = Ask();
  const std::string own = *LastRequest().correlation_data;

  const std::optional<std::string> correlations[] = {
      std::nullopt,
      "",
      "x",
      own.substr(1),
      own + "x",
      "x" + own.substr(1),
      std::string(65535, 'x')};
  for (const std::optional<std::string>& correlation : correlations) {
    Message reply = ReplyTo(LastRequest());
    reply.correlation_data = correlation;
    server_.Publish(reply);
  }

  EXPECT_EQ(outcome->times, 0);
  EXPECT_EQ(channel_->stats().unknown_replies, std::size(correlations));
  EXPECT_EQ(channel_->stats().late_replies, 0u);
}

TEST_F(ChannelTest, ARetainedReplyIsDropped) {
  Open();
  auto outcome = Ask();

  Message reply = ReplyTo(LastRequest());
  reply.retain = true;
  server_.Publish(reply);

  EXPECT_EQ(outcome->times, 0);
  EXPECT_EQ(channel_->stats().retained_replies, 1u);
}

TEST_F(ChannelTest, AnErrorReplyIsAStatusWithDetails) {
  Open();
  auto outcome = Ask();
  Reason reason;
  reason.set_number(7);
  mqrpc::Status envelope;
  envelope.set_code(5);
  envelope.set_message("there is no such thing");
  envelope.add_details()->PackFrom(reason);

  server_.Publish(ErrorReplyTo(LastRequest(), "5", envelope.SerializeAsString()));

  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kNotFound, "there is no such thing"));
  EXPECT_EQ(GetDetail<Reason>(outcome->result.status())->number(), 7);
}

TEST_F(ChannelTest, AnErrorWithoutAReadableEnvelopeKeepsItsCode) {
  // Protobuf says on standard error what of it is no UTF-8.
  google::protobuf::LogSilencer silence;
  Open();
  for (const char* payload : {"", "\xff", "\x12\x02\xff\xff"}) {
    auto outcome = Ask();
    server_.Publish(ErrorReplyTo(LastRequest(), "5", payload));
    EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kNotFound, ::testing::_));
  }
}

TEST_F(ChannelTest, AnErrorWhoseCodeCannotBeReadIsNeverOk) {
  Open();
  for (const char* code : {"x", "-1", "4294967296", "0x5", "99999999999999999999"}) {
    auto outcome = Ask();
    server_.Publish(ErrorReplyTo(LastRequest(), code, ""));
    EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kInternal, HasSubstr("mqrpc-status")));
  }
  auto outcome = Ask();
  server_.Publish(ErrorReplyTo(LastRequest(), "17", ""));
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kUnknown, ::testing::_));
}

TEST_F(ChannelTest, AReplyThatDoesNotParseIsInternal) {
  Open();
  auto outcome = Ask();

  server_.Publish(ReplyTo(LastRequest(), "\xff"));

  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kInternal,
          AllOf(HasSubstr("1 bytes"), HasSubstr("mqrpc.tests.Text"))));
}

TEST_F(ChannelTest, TheDeadlineIsExact) {
  Open();
  auto outcome = Ask({.timeout = absl::Seconds(5)});

  network_.loop.Advance(absl::Seconds(5) - absl::Nanoseconds(1));
  EXPECT_EQ(outcome->times, 0);
  network_.loop.Advance(absl::Nanoseconds(1));

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kDeadlineExceeded,
          AllOf(
              HasSubstr("mqrpc.tests.Echo/Say"),
              HasSubstr("within 5s"),
              HasSubstr("taken by the broker"))));
}

TEST_F(ChannelTest, EachCallHasItsOwnDeadline) {
  Open();
  auto long_one = Ask({.timeout = absl::Seconds(3)});
  auto short_one = Ask({.timeout = absl::Seconds(1)});
  auto middle_one = Ask({.timeout = absl::Seconds(2)});

  network_.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(short_one->times + middle_one->times + long_one->times, 1);
  EXPECT_EQ(short_one->times, 1);
  network_.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(middle_one->times, 1);
  EXPECT_EQ(long_one->times, 0);
  network_.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(long_one->times, 1);
}

TEST_F(ChannelTest, WithoutATimeoutOfItsOwnACallHasTheChannels) {
  Open({.timeout = absl::Seconds(7)});
  auto outcome = Ask();

  EXPECT_THAT(LastRequest().user_properties, ElementsAre(Pair("mqrpc-timeout", "7000")));
  network_.loop.Advance(absl::Seconds(7));
  EXPECT_THAT(
      outcome->result,
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("within 7s")));
}

TEST_F(ChannelTest, WithoutAnyTimeoutACallHasThirtySeconds) {
  Open();
  Ask();
  EXPECT_EQ(LastRequest().expiry_seconds, 30u);
}

TEST_F(ChannelTest, TheTimeoutOnTheWireIsWhatIsLeftWhenTheRequestLeaves) {
  Open();
  Call<Text> call = Start({.timeout = absl::Seconds(10)});
  // Its turn comes late.
  network_.loop.Advance(absl::ZeroDuration());
  EXPECT_THAT(LastRequest().user_properties, ElementsAre(Pair("mqrpc-timeout", "10000")));
}

TEST_F(ChannelTest, TheLongestAndTheShortestTimeoutAreAccepted) {
  Open();
  Ask({.timeout = absl::Milliseconds(2147483647)});
  EXPECT_THAT(LastRequest().user_properties, Contains(Pair("mqrpc-timeout", "2147483647")));
  EXPECT_EQ(LastRequest().expiry_seconds, 2147484u);

  Ask({.timeout = absl::Nanoseconds(1)});
  EXPECT_THAT(LastRequest().user_properties, Contains(Pair("mqrpc-timeout", "1")));
  EXPECT_EQ(LastRequest().expiry_seconds, 1u);
}

TEST_F(ChannelTest, AWrongTimeoutIsRefusedBeforeAnythingIsSent) {
  Open();
  const absl::Duration timeouts[] = {
      absl::ZeroDuration(),
      -absl::Seconds(1),
      absl::Milliseconds(2147483647) + absl::Nanoseconds(1),
      absl::InfiniteDuration(),
      -absl::InfiniteDuration()};
  for (absl::Duration timeout : timeouts) {
    auto outcome = Ask({.timeout = timeout});
    EXPECT_EQ(outcome->times, 1);
    EXPECT_THAT(
        outcome->result,
        StatusIs(
            absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("CallOptions::timeout"), HasSubstr(absl::FormatDuration(timeout)))));
  }
  EXPECT_TRUE(server_.received().empty());
  EXPECT_EQ(channel_->stats().calls_started, 0u);
}

TEST_F(ChannelTest, NobodySubscribedIsKnownAtOnce) {
  Open({.prefix = "nowhere"});
  auto outcome = Ask();

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kUnavailable,
          HasSubstr("nobody is subscribed to nowhere/services/mqrpc.tests.Echo/Say")));
}

TEST_F(ChannelTest, WithoutAcknowledgementsACallToNobodyRunsIntoItsDeadline) {
  Open({.prefix = "nowhere"});
  auto outcome = Ask({.timeout = absl::Seconds(1), .qos = QoS::kAtMostOnce});

  EXPECT_EQ(outcome->times, 0);
  network_.loop.Advance(absl::Seconds(1));
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kDeadlineExceeded, ::testing::_));
}

TEST_F(ChannelTest, ARequestThatMqttCannotCarryIsRefused) {
  Open();
  Call<Text> call = channel_->Start<Text>({"mqrpc.tests.Echo", "S\ty"}, Text());
  auto outcome = Watch(std::move(call));
  network_.loop.RunUntilIdle();

  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("U+0009")));
}

TEST_F(ChannelTest, WaitingInATurnOfTheLoopIsRefused) {
  Open();
  EXPECT_THAT(
      Start().Wait(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("connection's own thread")));
  network_.loop.RunUntilIdle();
  EXPECT_TRUE(server_.received().empty());
}

TEST_F(ChannelTest, ACancelledCallIsForgotten) {
  Open();
  Call<Text> call = Start();
  network_.loop.RunUntilIdle();
  call.Cancel();
  network_.loop.RunUntilIdle();
  server_.Publish(ReplyTo(LastRequest()));

  auto outcome = Watch(std::move(call));
  network_.loop.RunUntilIdle();

  EXPECT_EQ(outcome->times, 1);
  EXPECT_THAT(outcome->result, StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
  EXPECT_EQ(channel_->stats().late_replies, 1u);
  EXPECT_EQ(channel_->stats().calls_completed, 1u);
}

TEST_F(ChannelTest, ACallThatIsCancelledBeforeItLeavesIsNotSent) {
  Open();
  Start().Cancel();
  network_.loop.RunUntilIdle();

  EXPECT_TRUE(server_.received().empty());
  EXPECT_EQ(channel_->stats().calls_completed, 1u);
}

TEST_F(ChannelTest, TheServersAreToldOfACallThatIsGivenUp) {
  Peer cancelled = network_.MakePeer("cancelled");
  cancelled.Subscribe("mqrpc/cancels/+");
  Open();
  Start({.timeout = absl::Milliseconds(1500)}).Detach();
  Call<Text> call = Start({.timeout = absl::Milliseconds(1500)});
  network_.loop.RunUntilIdle();
  network_.loop.Advance(absl::Milliseconds(600));
  call.Cancel();
  network_.loop.RunUntilIdle();

  ASSERT_EQ(cancelled.received().size(), 1u);
  const Message& cancel = cancelled.received()[0];
  EXPECT_EQ(cancel.topic, "mqrpc/cancels/mqrpc.tests.Echo");
  EXPECT_EQ(cancel.response_topic, LastRequest().response_topic);
  EXPECT_EQ(cancel.correlation_data, LastRequest().correlation_data);
  EXPECT_EQ(cancel.expiry_seconds, 1u);
  EXPECT_EQ(cancel.payload, "");
  EXPECT_FALSE(cancel.retain);
}

TEST_F(ChannelTest, TheServersAreNotToldOfWhatTheyDoNotHave) {
  Peer cancelled = network_.MakePeer("cancelled");
  cancelled.Subscribe("mqrpc/cancels/+");
  Open();
  Start().Cancel();  // has not left
  network_.loop.RunUntilIdle();
  Call<Text> answered = Start();
  network_.loop.RunUntilIdle();
  server_.Publish(ReplyTo(LastRequest()));
  answered.Cancel();
  Call<void> notified = Echo::Stub(*channel_).SayNotify(MakeText("hello"));
  notified.Cancel();
  network_.loop.RunUntilIdle();

  EXPECT_TRUE(cancelled.received().empty());
}

TEST_F(ChannelTest, CancellingACallThatHasCompletedChangesNothing) {
  Open();
  Call<Text> call = Start();
  network_.loop.RunUntilIdle();
  server_.Publish(ReplyTo(LastRequest()));
  call.Cancel();
  network_.loop.RunUntilIdle();

  EXPECT_THAT(call.Wait(), IsOk());
}

TEST_F(ChannelTest, DroppingTheHandleCancels) {
  Open();
  { Call<Text> call = Start(); }
  network_.loop.RunUntilIdle();

  EXPECT_TRUE(server_.received().empty());
  EXPECT_EQ(channel_->stats().calls_completed, 1u);
}

TEST_F(ChannelTest, ADetachedCallGoesOn) {
  Open();
  Start().Detach();
  network_.loop.RunUntilIdle();
  ASSERT_EQ(server_.received().size(), 1u);
  EXPECT_EQ(channel_->stats().calls_completed, 0u);

  server_.Publish(ReplyTo(LastRequest()));
  EXPECT_EQ(channel_->stats().calls_completed, 1u);
}

TEST_F(ChannelTest, MoreBytesOfRequestsThanTheBoundAreRefusedNamingIt) {
  Open({.max_request_bytes = 100});
  Echo::Stub echo(*channel_);
  auto ask = [&](size_t bytes) {
    auto outcome = Watch(echo.SayAsync(MakeText(std::string(bytes, 'x'))));
    network_.loop.RunUntilIdle();
    return outcome;
  };
  auto first = ask(60);
  auto second = ask(60);
  EXPECT_EQ(first->times, 0);
  EXPECT_THAT(
      second->result,
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          HasSubstr("ChannelOptions::max_request_bytes (100)")));
  auto small = ask(10);
  EXPECT_EQ(small->times, 0);

  server_.Publish(ReplyTo(server_.received()[0]));
  server_.Publish(ReplyTo(server_.received()[1]));
  auto alone = ask(200);
  EXPECT_EQ(alone->times, 0);
}

TEST_F(ChannelTest, MoreCallsThanTheBoundAreRefusedNamingIt) {
  Open({.max_outstanding_calls = 2});
  auto first = Ask();
  auto second = Ask();
  auto third = Ask();

  EXPECT_EQ(first->times + second->times, 0);
  EXPECT_THAT(
      third->result,
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          HasSubstr("ChannelOptions::max_outstanding_calls (2)")));
  EXPECT_EQ(server_.received().size(), 2u);

  server_.Publish(ReplyTo(server_.received()[0]));
  Ask();
  EXPECT_EQ(server_.received().size(), 3u);
}

TEST_F(ChannelTest, AResultThatHasNotBeenTakenCounts) {
  Open({.max_outstanding_calls = 1});
  Call<Text> call = Start();
  network_.loop.RunUntilIdle();
  server_.Publish(ReplyTo(LastRequest()));

  EXPECT_THAT(
      Ask()->result,
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("max_outstanding_calls")));
  EXPECT_THAT(call.Wait(), IsOk());
  EXPECT_EQ(Ask()->times, 0);
}

TEST_F(ChannelTest, EachWayForACallToEndFreesItsPlace) {
  Open({.max_outstanding_calls = 1});
  auto end_of = [this](auto end) {
    auto outcome = Ask({.timeout = absl::Seconds(1)});
    ASSERT_EQ(outcome->times, 0) << outcome->result.status();
    end();
    network_.loop.RunUntilIdle();
    EXPECT_EQ(outcome->times, 1);
  };
  end_of([this] { server_.Publish(ReplyTo(LastRequest())); });
  end_of([this] { network_.loop.Advance(absl::Seconds(1)); });
  Start().Cancel();
  network_.loop.RunUntilIdle();
  end_of([this] { server_.Publish(ReplyTo(LastRequest())); });
}

TEST_F(ChannelTest, MoreRequestsThanTheWindowWaitUntilOthersAreAnswered) {
  Open({.max_unanswered = 2});
  auto first = Ask();
  auto second = Ask();
  auto third = Ask();
  auto fourth = Ask();
  ASSERT_EQ(server_.received().size(), 2u);

  server_.Publish(ReplyTo(server_.received()[1]));
  ASSERT_EQ(server_.received().size(), 3u);
  server_.Publish(ReplyTo(server_.received()[2]));
  EXPECT_EQ(third->times, 1);
  EXPECT_EQ(first->times + fourth->times, 0);
  EXPECT_EQ(server_.received().size(), 4u);
}

TEST_F(ChannelTest, ACallThatWaitsForTheWindowExpiresUnsent) {
  Open({.max_unanswered = 1});
  Ask({.timeout = absl::Seconds(10)});
  auto waiting = Ask({.timeout = absl::Seconds(1)});

  network_.loop.Advance(absl::Seconds(1));

  EXPECT_THAT(
      waiting->result,
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("the request was not sent yet")));
  server_.Publish(ReplyTo(server_.received()[0]));
  EXPECT_EQ(server_.received().size(), 1u);
}

TEST_F(ChannelTest, ACallThatWaitsForTheWindowIsCancelledUnsent) {
  Open({.max_unanswered = 1});
  Ask();
  Call<Text> waiting = Start();
  network_.loop.RunUntilIdle();
  auto last = Ask();

  waiting.Cancel();
  network_.loop.RunUntilIdle();
  server_.Publish(ReplyTo(server_.received()[0]));

  EXPECT_EQ(server_.received().size(), 2u);
  server_.Publish(ReplyTo(server_.received()[1]));
  EXPECT_EQ(last->times, 1);
}

TEST_F(ChannelTest, WhatLeavesTheWindowSaysTheTimeThatIsLeft) {
  Open({.max_unanswered = 1});
  Ask({.timeout = absl::Seconds(10)});
  Ask({.timeout = absl::Seconds(10)});
  network_.loop.Advance(absl::Milliseconds(2500));

  server_.Publish(ReplyTo(server_.received()[0]));

  ASSERT_EQ(server_.received().size(), 2u);
  EXPECT_THAT(LastRequest().user_properties, ElementsAre(Pair("mqrpc-timeout", "7500")));
  EXPECT_EQ(LastRequest().expiry_seconds, 8u);
}

TEST_F(ChannelTest, EachServiceHasAWindowOfItsOwn) {
  server_.Subscribe("mqrpc/services/other.Service/+");
  Open({.max_unanswered = 1});
  Ask();
  Ask();
  auto other = Watch(channel_->Start<Text>({"other.Service", "Say"}, Text()));
  network_.loop.RunUntilIdle();

  ASSERT_EQ(server_.received().size(), 2u);
  EXPECT_EQ(LastRequest().topic, "mqrpc/services/other.Service/Say");
}

TEST_F(ChannelTest, DestroyingTheChannelCancelsWhatIsUnderWay) {
  Open({.max_unanswered = 2});
  std::vector<std::shared_ptr<const Outcome<Text>>> outcomes;
  for (int i = 0; i < 4; ++i) outcomes.push_back(Ask());  // two sent, two waiting
  server_.Publish(ReplyTo(server_.received()[0]));
  auto not_admitted = Watch(Start());

  channel_.reset();
  network_.loop.RunUntilIdle();

  EXPECT_THAT(outcomes[0]->result, IsOk());
  outcomes.erase(outcomes.begin());
  outcomes.push_back(not_admitted);
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(outcome->times, 1);
    EXPECT_THAT(
        outcome->result,
        StatusIs(absl::StatusCode::kCancelled, HasSubstr("the channel was shut down")));
  }
  server_.Publish(ReplyTo(server_.received()[1]));
  network_.loop.Advance(absl::Hours(1));
  EXPECT_EQ(server_.received().size(), 3u);
}

TEST_F(ChannelTest, AHandleMayOutliveItsChannel) {
  Open();
  Call<Text> waited = Start();
  Call<Text> cancelled = Start();
  Call<Text> dropped = Start();
  network_.loop.RunUntilIdle();

  channel_.reset();

  cancelled.Cancel();
  EXPECT_THAT(waited.Wait(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("shut down")));
  EXPECT_THAT(cancelled.Wait(), StatusIs(absl::StatusCode::kCancelled, HasSubstr("shut down")));
}

TEST_F(ChannelTest, ADestroyedChannelIsNotSubscribedAnyMore) {
  Open();
  Ask();
  const Message reply = ReplyTo(LastRequest());
  channel_.reset();
  network_.loop.RunUntilIdle();

  EXPECT_EQ(server_.Publish(reply), ReasonCode::kNoMatchingSubscribers);
}

TEST_F(ChannelTest, AChannelThatIsDestroyedAtOnceNeverSubscribes) {
  Open();
  channel_.reset();
  network_.loop.RunUntilIdle();

  EXPECT_EQ(
      server_.Publish({.topic = "mqrpc/clients/client/replies"}),
      ReasonCode::kNoMatchingSubscribers);
}

struct WrongOptions {
  std::string named;  // in the message
  ChannelOptions options;
};

void PrintTo(const WrongOptions& wrong, std::ostream* out) { *out << wrong.named; }

class ChannelOptionsTest : public ::testing::TestWithParam<WrongOptions> {};

TEST_P(ChannelOptionsTest, WhatIsWrongIsNamedByTheChannelAndByEachCall) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("client");
  Channel channel(*connection, GetParam().options);
  auto is_named = StatusIs(
      absl::StatusCode::kInvalidArgument,
      HasSubstr("ChannelOptions::" + GetParam().named));

  EXPECT_THAT(channel.status(), is_named);
  EXPECT_THAT(Echo::Stub(channel).Say(Text()), is_named);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ChannelOptionsTest,
    ::testing::Values(
        WrongOptions{"prefix", {.prefix = ""}},
        WrongOptions{"prefix", {.prefix = "/"}},
        WrongOptions{"prefix", {.prefix = "a/"}},
        WrongOptions{"prefix", {.prefix = "/a"}},
        WrongOptions{"prefix", {.prefix = "a//b"}},
        WrongOptions{"prefix", {.prefix = "a/+"}},
        WrongOptions{"prefix", {.prefix = "a/#"}},
        WrongOptions{"prefix", {.prefix = "$SYS"}},
        WrongOptions{"prefix", {.prefix = "a\tb"}},
        WrongOptions{"prefix", {.prefix = "a\xff"}},
        WrongOptions{"prefix", {.prefix = std::string(129, 'a')}},
        WrongOptions{"timeout", {.timeout = absl::ZeroDuration()}},
        WrongOptions{"timeout", {.timeout = -absl::Seconds(1)}},
        WrongOptions{"timeout", {.timeout = absl::InfiniteDuration()}},
        WrongOptions{"timeout", {.timeout = absl::Milliseconds(2147483648)}},
        WrongOptions{"max_outstanding_calls", {.max_outstanding_calls = 0}},
        WrongOptions{"max_unanswered", {.max_unanswered = 0}}));

}  // namespace
}  // namespace mqrpc::tests

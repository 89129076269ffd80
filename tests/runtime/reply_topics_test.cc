// Where a channel has its replies sent: in virtual time, over a connection that does what a test
// says.

#include <memory>
#include <set>
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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ReplyTopicsTest : public ::testing::Test {
 protected:
  void Open(ResponseInformation response_information) {
    channel_ = std::make_unique<Channel>(
        transport_,
        ChannelOptions{
            .response_information = response_information,
            .executor = &loop_,
            .log = [](LogLevel, std::string_view) {}});
    loop_.RunUntilIdle();
  }

  // An idempotent one, so that it outlives a connection.
  std::shared_ptr<const Outcome<Text>> Ask() {
    auto outcome = Watch(
        channel_->Start<Text>({"acme.Valve", "Turn", Idempotency::kIdempotent}, MakeText("left")));
    loop_.RunUntilIdle();
    return outcome;
  }

  // Where the answer to the request handed over last is to go.
  std::string AskedFor() {
    while (transport_.HandOver() == 0 && transport_.queued() > 0) {
    }
    return transport_.sent().back().message.response_topic.value_or("nowhere");
  }

  void Reply() {
    const Message& request = transport_.sent().back().message;
    transport_.Deliver(
        {.topic = *request.response_topic, .correlation_data = request.correlation_data});
  }

  void Reconnect(std::optional<std::string> information) {
    transport_.LoseConnection();
    transport_.SetResponseInformation(std::move(information));
    transport_.AnswerSubscriptions(absl::OkStatus());
  }

  std::set<std::string> Subscribed() {
    std::set<std::string> filters;
    for (const auto& [id, subscription] : transport_.subscriptions()) {
      filters.insert(subscription.filter);
    }
    return filters;
  }

  testing::ManualLoop loop_;
  FakeTransport transport_{loop_};
  std::unique_ptr<Channel> channel_;
};

TEST_F(ReplyTopicsTest, RepliesGoToTheConnectionsOwnTopicIfTheBrokerSaysNothing) {
  Open(ResponseInformation::kUse);
  EXPECT_THAT(Subscribed(), ElementsAre("mqrpc/clients/client/replies"));
  Ask();
  EXPECT_EQ(AskedFor(), "mqrpc/clients/client/replies");
}

TEST_F(ReplyTopicsTest, AndBelowWhatItSaysIfItDoes) {
  transport_.SetResponseInformation("tenants/7");
  Open(ResponseInformation::kUse);
  EXPECT_THAT(Subscribed(), ElementsAre("tenants/7/client/replies"));

  auto outcome = Ask();
  EXPECT_EQ(AskedFor(), "tenants/7/client/replies");
  Reply();
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ReplyTopicsTest, UnlessThatIsToBeIgnored) {
  transport_.SetResponseInformation("tenants/7");
  Open(ResponseInformation::kIgnore);
  Ask();
  EXPECT_EQ(AskedFor(), "mqrpc/clients/client/replies");
}

TEST_F(ReplyTopicsTest, ItCanBeRequired) {
  Open(ResponseInformation::kRequire);
  auto outcome = Ask();
  EXPECT_EQ(transport_.HandOver(), 0u);
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kFailedPrecondition,
          HasSubstr("ChannelOptions::response_information requires")));
  EXPECT_THAT(Subscribed(), ElementsAre());

  Reconnect("tenants/7");
  Ask();
  EXPECT_EQ(AskedFor(), "tenants/7/client/replies");
}

TEST_F(ReplyTopicsTest, WhatCannotBeATopicIsRefused) {
  transport_.SetResponseInformation("tenants/#");
  Open(ResponseInformation::kUse);
  auto outcome = Ask();
  EXPECT_EQ(transport_.HandOver(), 0u);
  EXPECT_THAT(
      outcome->result,
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("tenants/#")));
}

TEST_F(ReplyTopicsTest, ACallWaitsForTheConnectionThatSaysWhere) {
  transport_.SetConnected(false);
  Open(ResponseInformation::kUse);
  auto outcome = Ask();
  EXPECT_THAT(Subscribed(), ElementsAre());

  transport_.SetConnected(true);
  transport_.SetResponseInformation("tenants/7");
  EXPECT_EQ(transport_.HandOver(), 0u);  // not before the subscription
  EXPECT_THAT(Subscribed(), ElementsAre("tenants/7/client/replies"));
  EXPECT_EQ(AskedFor(), "tenants/7/client/replies");
  EXPECT_EQ(transport_.sent().back().message.user_properties.size(), 1u);  // the first attempt
  Reply();
  EXPECT_THAT(outcome->result, IsOk());
}

TEST_F(ReplyTopicsTest, ACallKeepsItsFirstTopicWhenTheBrokerSaysAnother) {
  transport_.SetResponseInformation("tenants/7");
  Open(ResponseInformation::kUse);
  auto old = Ask();
  EXPECT_EQ(AskedFor(), "tenants/7/client/replies");

  Reconnect("tenants/8");
  EXPECT_EQ(AskedFor(), "tenants/7/client/replies");  // the same call again
  Ask();
  EXPECT_EQ(AskedFor(), "tenants/8/client/replies");
  EXPECT_THAT(
      Subscribed(),
      UnorderedElementsAre("tenants/7/client/replies", "tenants/8/client/replies"));
}

TEST_F(ReplyTopicsTest, WhichIsGivenUpWhenTheCallHasEnded) {
  transport_.SetResponseInformation("tenants/7");
  Open(ResponseInformation::kUse);
  Ask();
  transport_.HandOver();
  Reconnect("tenants/8");
  AskedFor();
  auto other = Ask();
  AskedFor();

  loop_.Advance(absl::Seconds(30));
  EXPECT_THAT(Subscribed(), ElementsAre("tenants/8/client/replies"));
}

TEST_F(ReplyTopicsTest, AndTakenUpAgainWhenTheBrokerSaysItAgain) {
  transport_.SetResponseInformation("tenants/7");
  Open(ResponseInformation::kUse);
  Ask();
  transport_.HandOver();
  Reconnect("tenants/8");
  Ask();
  AskedFor();
  Reconnect("tenants/7");
  Ask();
  EXPECT_EQ(AskedFor(), "tenants/7/client/replies");
  EXPECT_EQ(Subscribed().size(), 2u);
}

}  // namespace
}  // namespace mqrpc::tests

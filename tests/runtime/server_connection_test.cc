// What a server does about its connection's troubles.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fake_echo.h"
#include "fake_transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/server.h"
#include "status_matchers.h"
#include "virtual_network.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// In virtual time, over a connection that does what a test says.
class ServerConnectionTest : public ::testing::Test {
 protected:
  ServerConnectionTest() {
    service_.say = SayTheSame;
    EXPECT_THAT(server_.Register(service_), IsOk());
    EXPECT_THAT(server_.Start(), IsOk());
    loop_.RunUntilIdle();
  }

  // A request is delivered, and what is answered is handed over.
  void Ask() {
    transport_.Deliver(
        {.topic = "mqrpc/services/mqrpc.tests.Echo/Say",
         .payload = MakeText("hello").SerializeAsString(),
         .response_topic = "answers",
         .expiry_seconds = 5});
    transport_.HandOver();
  }

  testing::ManualLoop loop_;
  FakeTransport transport_{loop_};
  LogLines log_;
  FakeEcho service_;
  Server server_{transport_, {.workers = 0, .log = log_.Sink()}};
};

TEST_F(ServerConnectionTest, SubscribesAtQos2ForAServiceAndForItsCancelsAndBatches) {
  std::vector<std::string> filters;
  for (const auto& [id, subscription] : transport_.subscriptions()) {
    filters.push_back(subscription.filter);
    EXPECT_EQ(subscription.qos, QoS::kExactlyOnce);
  }
  EXPECT_THAT(
      filters,
      ElementsAre(
          "mqrpc/cancels/mqrpc.tests.Echo",
          "$share/mqrpc/mqrpc/services/mqrpc.tests.Echo/+",
          "$share/mqrpc/mqrpc/batches/mqrpc.tests.Echo/+"));
}

TEST_F(ServerConnectionTest, AReplyThatIsTooLargeBecomesAnErrorThatSaysSo) {
  Ask();
  ASSERT_EQ(transport_.sent().size(), 1u);

  transport_.Ack(0, ReasonCode::kPacketTooLarge);
  EXPECT_EQ(transport_.HandOver(), 1u);

  const Message& error = transport_.sent()[1].message;
  EXPECT_EQ(error.topic, "answers");
  EXPECT_THAT(error.user_properties, ElementsAre(Pair("mqrpc-status", "8")));
}

TEST_F(ServerConnectionTest, AReplyThatTheTransportWillNotSendBecomesAnErrorThatSaysSo) {
  Ask();

  transport_.Ack(0, absl::ResourceExhaustedError("larger than the broker's maximum"));
  EXPECT_EQ(transport_.HandOver(), 1u);

  const Message& error = transport_.sent()[1].message;
  EXPECT_THAT(error.user_properties, ElementsAre(Pair("mqrpc-status", "8")));
  EXPECT_THAT(error.payload, HasSubstr("larger than the broker's maximum"));
}

TEST_F(ServerConnectionTest, AnErrorThatIsRefusedIsNotTriedAgain) {
  Ask();
  transport_.Ack(0, ReasonCode::kPacketTooLarge);
  transport_.HandOver();
  transport_.Ack(1, ReasonCode::kPacketTooLarge);

  EXPECT_EQ(transport_.HandOver(), 0u);
  EXPECT_EQ(server_.stats().replies_lost, 2u);
}

TEST_F(ServerConnectionTest, AReplyWhoseConnectionIsLostIsCounted) {
  Ask();
  transport_.LoseConnection();

  EXPECT_EQ(transport_.HandOver(), 0u);
  EXPECT_EQ(server_.stats().replies_lost, 1u);
  EXPECT_EQ(log_.Count("mqrpc.tests.Echo is not served at present"), 1u);
}

TEST_F(ServerConnectionTest, AReplyThatIsQueuedTooLongIsNotSent) {
  transport_.Deliver(
      {.topic = "mqrpc/services/mqrpc.tests.Echo/Say",
       .response_topic = "answers",
       .expiry_seconds = 5});
  loop_.Advance(absl::Seconds(5));

  EXPECT_EQ(transport_.HandOver(), 0u);
  EXPECT_EQ(server_.stats().replies_lost, 1u);
}

TEST_F(ServerConnectionTest, AReplyExpiresWithTheTimeThatIsLeftWhenItLeaves) {
  transport_.Deliver(
      {.topic = "mqrpc/services/mqrpc.tests.Echo/Say",
       .response_topic = "answers",
       .expiry_seconds = 5});
  loop_.Advance(absl::Milliseconds(2500));
  transport_.HandOver();

  EXPECT_EQ(transport_.sent()[0].message.expiry_seconds, 3u);
}

TEST_F(ServerConnectionTest, AfterALossItServesAgain) {
  transport_.LoseConnection();
  transport_.AnswerSubscriptions(absl::OkStatus());
  Ask();

  EXPECT_EQ(transport_.sent().size(), 1u);
}

TEST_F(ServerConnectionTest, ShutdownUnsubscribes) {
  server_.Shutdown();
  EXPECT_TRUE(transport_.subscriptions().empty());
}

// A connection whose subscriptions are answered with a status, or not at all; in real time.
class SubscriptionRefuser final : public Transport {
 public:
  SubscriptionRefuser(std::unique_ptr<Transport> transport, std::optional<absl::Status> answer)
      : transport_(std::move(transport)), answer_(std::move(answer)) {}

  EventLoop& loop() override { return transport_->loop(); }
  const std::string& client_id() const override { return transport_->client_id(); }
  bool is_connected() const override { return true; }
  absl::Status WaitUntilConnected(absl::Duration) override { return absl::OkStatus(); }
  bool keeps_session() const override { return false; }
  std::optional<std::string> response_information() const override { return std::nullopt; }
  internal::PresenceBoard* presence() override { return nullptr; }
  TransportStats stats() const override { return {}; }
  SubscriptionId Subscribe(Subscription subscription) override {
    if (answer_.has_value()) {
      loop().Post([on_state = std::move(subscription.on_state), answer = *answer_]() mutable {
        on_state(answer);
      });
    }
    return 1;
  }
  void Leave(SubscriptionId) override {}
  void Unsubscribe(SubscriptionId, absl::AnyInvocable<void()> done) override {
    if (done) loop().Post(std::move(done));
  }
  PublishId Publish(Compose compose, OnAck on_ack) override {
    return transport_->Publish(std::move(compose), std::move(on_ack));
  }
  bool Withdraw(PublishId id) override { return transport_->Withdraw(id); }

 private:
  const std::unique_ptr<Transport> transport_;
  const std::optional<absl::Status> answer_;
};

absl::Status StartWith(std::optional<absl::Status> answer, absl::Duration timeout) {
  InProcessBroker broker;
  SubscriptionRefuser transport(*broker.Connect("server"), std::move(answer));
  FakeEcho service;
  Server server(transport, {.log = [](LogLevel, std::string_view) {}});
  EXPECT_THAT(server.Register(service), IsOk());
  absl::Status status = server.Start(timeout);
  server.Shutdown(absl::ZeroDuration());  // nobody would answer a marker
  return status;
}

TEST(ServerStartTest, SaysThatTheBrokerRefuses) {
  EXPECT_THAT(
      StartWith(absl::PermissionDeniedError("not yours"), absl::Seconds(60)),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("not yours")));
}

TEST(ServerStartTest, SaysThatTheConnectionIsLost) {
  EXPECT_THAT(
      StartWith(absl::UnavailableError("lost"), absl::Seconds(60)),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lost")));
}

TEST(ServerStartTest, GivesUpWhenTheBrokerDoesNotAnswer) {
  EXPECT_THAT(
      StartWith(std::nullopt, absl::Milliseconds(10)),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("mqrpc.tests.Echo within 10ms")));
}

}  // namespace
}  // namespace mqrpc::tests

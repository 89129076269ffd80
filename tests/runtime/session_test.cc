// What a session of the broker keeps for a connection that was lost, against real brokers.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "log_events.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "proxy.h"
#include "run_in_loop.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Ack = absl::StatusOr<ReasonCode>;

void IgnoreLog(LogLevel, std::string_view) {}

// `client_`, with a session, reaches the broker by a proxy; `other_` directly.
class SessionTest : public ::testing::Test {
 protected:
  struct Subscriber {
    explicit Subscriber(Events& events) : payloads(events), states(events) {}
    EventLog<std::string> payloads;
    EventLog<absl::Status> states;
    Transport::SubscriptionId id = 0;
  };

  void SetUp() override {
    auto broker = testing::LocalBroker::Start();
    ASSERT_THAT(broker, IsOk());
    broker_ = *std::move(broker);
    proxy_ = std::make_unique<Proxy>(broker_->port());
    auto other = ConnectMosquitto({.broker = broker_->address(), .log = IgnoreLog});
    ASSERT_THAT(other, IsOk());
    other_ = *std::move(other);
    client_ = Connect(proxy_->address());
    ASSERT_NE(client_, nullptr);
  }

  std::unique_ptr<Transport> Connect(const std::string& address) {
    auto transport = ConnectMosquitto(
        {.broker = address,
         .client_id = "client",
         .session_expiry = absl::Hours(1),
         .min_backoff = absl::Milliseconds(1),
         .max_backoff = absl::Milliseconds(20),
         .on_connection = [this](const absl::Status& s) { connection_.Add(Unshared(s)); },
         .log = log_.Sink()});
    EXPECT_THAT(transport, IsOk());
    return transport.ok() ? *std::move(transport) : nullptr;
  }

  std::shared_ptr<Subscriber> Subscribe(const std::string& filter) {
    auto subscriber = std::make_shared<Subscriber>(events_);
    internal::RunInLoop(client_->loop(), [&] {
      subscriber->id = client_->Subscribe(
          {.filter = filter,
           .on_message = [subscriber](Message m) { subscriber->payloads.Add(m.payload); },
           .on_state =
               [subscriber](const absl::Status& s) { subscriber->states.Add(Unshared(s)); }});
    });
    return subscriber;
  }

  // Also once the broker has granted it.
  std::shared_ptr<Subscriber> SubscribeNow(const std::string& filter) {
    auto subscriber = Subscribe(filter);
    EXPECT_TRUE(events_.WaitUntil([&] { return subscriber->states.Size() == 1; }));
    EXPECT_THAT(subscriber->states.Items(), ElementsAre(IsOk()));
    return subscriber;
  }

  std::shared_ptr<EventLog<Ack>> StartPublish(Transport& transport, Message message) {
    auto acks = std::make_shared<EventLog<Ack>>(events_);
    internal::RunInLoop(transport.loop(), [&] {
      transport.Publish(
          [this, message = std::move(message)] {
            handed_over_.Add(message.payload);
            return message;
          },
          [acks](Ack ack) { acks->Add(std::move(ack)); });
    });
    return acks;
  }

  Ack Publish(Transport& transport, Message message) {
    auto acks = StartPublish(transport, std::move(message));
    if (!events_.WaitUntil([&] { return acks->Size() == 1; })) return absl::UnknownError("none");
    return acks->Items().front();
  }

  bool WaitForConnection(size_t times) {
    return events_.WaitUntil([&] {
      size_t count = 0;
      for (const absl::Status& state : connection_.Items()) count += state.ok() ? 1 : 0;
      return count >= times;
    });
  }

  // Returns when the loss is known, and all it brings has been told.
  void GoAway() {
    proxy_->Close();
    ASSERT_TRUE(log_.WaitFor("cannot connect to"));
  }

  bool WaitForPayloads(const Subscriber& subscriber, size_t count) {
    return events_.WaitUntil([&] { return subscriber.payloads.Size() >= count; });
  }

  Events events_;
  LogEvents log_;
  EventLog<absl::Status> connection_{events_};
  EventLog<std::string> handed_over_{events_};
  std::unique_ptr<testing::LocalBroker> broker_;
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<Transport> other_;
  std::unique_ptr<Transport> client_;
};

TEST_F(SessionTest, WhoHasOneSaysSo) {
  EXPECT_TRUE(client_->keeps_session());
  EXPECT_FALSE(other_->keeps_session());
  InProcessBroker broker;
  auto in_process = broker.Connect("me");
  ASSERT_THAT(in_process, IsOk());
  EXPECT_FALSE((*in_process)->keeps_session());
}

TEST_F(SessionTest, WhatCameMeanwhileArrives) {
  auto subscriber = SubscribeNow("a");
  GoAway();
  EXPECT_THAT(Publish(*other_, {.topic = "a", .payload = "meanwhile"}), IsOk());
  proxy_->Drop();

  ASSERT_TRUE(WaitForPayloads(*subscriber, 1));
  EXPECT_THAT(Publish(*client_, {.topic = "a", .payload = "later"}), IsOk());
  ASSERT_TRUE(WaitForPayloads(*subscriber, 2));
  EXPECT_THAT(subscriber->payloads.Items(), ElementsAre("meanwhile", "later"));
  EXPECT_EQ(subscriber->states.Size(), 1u) << "nothing was lost, so nothing is told";
}

TEST_F(SessionTest, ACallSurvivesTheLoss) {
  FakeEcho service;
  Gate gate;
  EventLog<int> running(events_);
  service.say = SayTheSameBehind(gate, &running);
  RunningServer server(*other_, service);
  Channel channel(*client_, {.timeout = absl::Hours(1)});
  Call<Text> call = Echo::Stub(channel).SayAsync(MakeText("hello"));
  ASSERT_TRUE(events_.WaitUntil([&] { return running.Size() == 1; }));
  // Acknowledged after the request was: of that the outcome would be unknown without.
  EXPECT_THAT(Publish(*client_, {.topic = "b"}), IsOk());
  GoAway();
  gate.Open();
  proxy_->Drop();

  EXPECT_THAT(call.Wait(), IsOk());
}

TEST_F(SessionTest, ASessionThatIsGoneIsToldAtTheReturn) {
  auto subscriber = SubscribeNow("a");
  broker_->Kill();  // and with it all sessions
  ASSERT_TRUE(log_.WaitFor("the connection was lost"));
  ASSERT_TRUE(events_.WaitUntil([&] { return connection_.Size() >= 3; }));
  EXPECT_EQ(subscriber->states.Size(), 1u);

  ASSERT_THAT(broker_->Restart(), IsOk());
  ASSERT_TRUE(events_.WaitUntil([&] { return subscriber->states.Size() == 3; }));
  EXPECT_THAT(
      subscriber->states.Items(),
      ElementsAre(
          IsOk(),
          StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no session of client")),
          IsOk()));
  EXPECT_THAT(Publish(*client_, {.topic = "a", .payload = "later"}), IsOk());
  EXPECT_TRUE(WaitForPayloads(*subscriber, 1));
}

TEST_F(SessionTest, ASessionThatAnUnansweredConnectMadeIsNotOurs) {
  auto subscriber = SubscribeNow("a");
  GoAway();
  ASSERT_THAT(broker_->Restart(), IsOk());  // it has lost the session
  proxy_->SetRule([first = true](Direction, const MqttPacket& packet) mutable -> Verdict {
    bool is_lost = packet.type() == MqttPacket::Type::kConnack && std::exchange(first, false);
    return is_lost ? Verdict::kCut : Verdict::kForward;
  });
  proxy_->Drop();
  ASSERT_TRUE(WaitForConnection(2));

  EXPECT_EQ(*Publish(*client_, {.topic = "a", .payload = "1"}), ReasonCode::kSuccess);
  EXPECT_TRUE(WaitForPayloads(*subscriber, 1));
}

TEST_F(SessionTest, WhatIsSubscribedOrGivenUpWhileAwayIsMadeGood) {
  auto stays = SubscribeNow("stays");
  auto goes = SubscribeNow("goes");
  GoAway();
  auto comes = Subscribe("comes");
  EventLog<bool> done(events_);
  internal::RunInLoop(client_->loop(), [&] {
    client_->Unsubscribe(goes->id, [&done] { done.Add(true); });
  });
  ASSERT_TRUE(events_.WaitUntil([&] { return done.Size() == 1; })) << "nobody is waited for";
  proxy_->Drop();

  ASSERT_TRUE(events_.WaitUntil([&] { return comes->states.Size() == 1; }));
  EXPECT_THAT(comes->states.Items(), ElementsAre(IsOk()));
  EXPECT_EQ(*Publish(*client_, {.topic = "goes"}), ReasonCode::kNoMatchingSubscribers);
  EXPECT_EQ(*Publish(*client_, {.topic = "stays"}), ReasonCode::kSuccess);
  EXPECT_EQ(*Publish(*client_, {.topic = "comes"}), ReasonCode::kSuccess);
  EXPECT_TRUE(WaitForPayloads(*stays, 1));
  EXPECT_TRUE(WaitForPayloads(*comes, 1));
  EXPECT_EQ(stays->states.Size(), 1u);
}

TEST_F(SessionTest, APublishThatIsNotAcknowledgedEndsWithTheConnection) {
  auto subscriber = SubscribeNow("a");
  proxy_->Hold();
  auto acks = StartPublish(*client_, {.topic = "b", .payload = "held"});
  ASSERT_TRUE(events_.WaitUntil([&] { return handed_over_.Size() == 1; }));
  proxy_->Drop();

  ASSERT_TRUE(WaitForConnection(2));
  ASSERT_TRUE(events_.WaitUntil([&] { return acks->Size() == 1; }));
  EXPECT_THAT(
      acks->Items(),
      ElementsAre(StatusIs(absl::StatusCode::kUnavailable, HasSubstr("lost"))));
  EXPECT_THAT(Publish(*client_, {.topic = "a"}), IsOk());
  EXPECT_EQ(subscriber->states.Size(), 1u);
}

// Its packet id would stay in use at the broker.
TEST_F(SessionTest, AQoS2PublishUnderWayGivesTheSessionUp) {
  auto subscriber = SubscribeNow("a");
  proxy_->Hold();
  auto acks = StartPublish(*client_, {.topic = "b", .payload = "held", .qos = QoS::kExactlyOnce});
  ASSERT_TRUE(events_.WaitUntil([&] { return handed_over_.Size() == 1; }));
  proxy_->Drop();

  ASSERT_TRUE(events_.WaitUntil([&] { return subscriber->states.Size() == 3; }));
  EXPECT_THAT(
      subscriber->states.Items(),
      ElementsAre(
          IsOk(),
          StatusIs(absl::StatusCode::kUnavailable, HasSubstr("the connection was lost to")),
          IsOk()));
  EXPECT_EQ(acks->Size(), 1u);
}

TEST_F(SessionTest, ItEndsWithTheConnectionObject) {
  SubscribeNow("a");
  client_.reset();
  // The end of one connection is not ordered with the messages of another.
  auto end = std::chrono::steady_clock::now() + kLong;
  while (*Publish(*other_, {.topic = "a"}) == ReasonCode::kSuccess) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
}

TEST_F(SessionTest, OneThatSomebodyLeftBehindIsNotTakenOver) {
  SubscribeNow("a");
  GoAway();
  client_.reset();  // which the broker is not told
  EXPECT_EQ(*Publish(*other_, {.topic = "a"}), ReasonCode::kSuccess);
  proxy_->Drop();

  client_ = Connect(proxy_->address());

  ASSERT_NE(client_, nullptr);
  EXPECT_EQ(*Publish(*other_, {.topic = "a"}), ReasonCode::kNoMatchingSubscribers);
}

TEST_F(SessionTest, ItsBrokerIsTriedFirstAndAnotherHasNone) {
  auto second = testing::LocalBroker::Start();
  ASSERT_THAT(second, IsOk());
  client_.reset();
  client_ = Connect(absl::StrCat(proxy_->address(), ",", (*second)->address()));
  ASSERT_NE(client_, nullptr);
  auto subscriber = SubscribeNow("a");

  proxy_->Drop();
  ASSERT_TRUE(WaitForConnection(3));
  EXPECT_THAT(Publish(*client_, {.topic = "a"}), IsOk());
  EXPECT_EQ(subscriber->states.Size(), 1u);

  proxy_->Close();
  ASSERT_TRUE(events_.WaitUntil([&] { return subscriber->states.Size() == 3; }));
  EXPECT_THAT(
      subscriber->states.Items()[1],
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr((*second)->address())));
  EXPECT_THAT(subscriber->states.Items()[2], IsOk());
  client_.reset();  // before its broker
}

}  // namespace
}  // namespace mqrpc::tests

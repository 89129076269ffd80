// What is told of a connection, and to whom: those who wait for it, and MosquittoOptions'
// on_connection.

#include "connection_state.h"

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "listener.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "run_in_loop.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

void IgnoreLog(LogLevel, std::string_view) {}

TEST(ConnectionStateTest, WhoWaitsInVainIsToldWhy) {
  internal::ConnectionState state;
  EXPECT_THAT(
      state.WaitUntilConnected(absl::ZeroDuration()),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("first attempt")));
  state.Set(absl::UnavailableError("nobody there"));
  EXPECT_THAT(
      state.WaitUntilConnected(absl::Milliseconds(1)),
      StatusIs(
          absl::StatusCode::kDeadlineExceeded,
          AllOf(HasSubstr("1ms"), HasSubstr("nobody there"), Not(HasSubstr("first")))));
}

TEST(ConnectionStateTest, WithAConnectionNobodyWaits) {
  internal::ConnectionState state;
  state.Set(absl::OkStatus());
  EXPECT_THAT(state.WaitUntilConnected(absl::ZeroDuration()), IsOk());
  EXPECT_THAT(state.WaitUntilConnected(-absl::InfiniteDuration()), IsOk());
}

TEST(ConnectionStateTest, AWaitEndsWithTheConnection) {
  internal::ConnectionState state;
  std::thread connects([&state] {
    state.Set(absl::UnavailableError("not at first"));
    state.Set(absl::OkStatus());
  });
  EXPECT_THAT(state.WaitUntilConnected(absl::InfiniteDuration()), IsOk());
  connects.join();
}

TEST(ConnectionStateTest, InTheProcessThereIsAlwaysAConnection) {
  InProcessBroker broker;
  auto transport = broker.Connect("me");
  ASSERT_THAT(transport, IsOk());
  EXPECT_THAT((*transport)->WaitUntilConnected(absl::ZeroDuration()), IsOk());
}

// A connection whose states are collected.
class OnConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker = testing::LocalBroker::Start();
    ASSERT_THAT(broker, IsOk());
    broker_ = *std::move(broker);
  }

  MosquittoOptions Options() {
    return {
        .broker = broker_->address(),
        .min_backoff = absl::Milliseconds(1),
        .max_backoff = absl::Milliseconds(20),
        .on_connection = [this](const absl::Status& state) { states_.Add(Unshared(state)); },
        .log = IgnoreLog};
  }

  bool WaitForStates(size_t count) {
    return events_.WaitUntil([&] { return states_.Size() >= count; });
  }

  std::unique_ptr<testing::LocalBroker> broker_;
  Events events_;
  EventLog<absl::Status> states_{events_};
};

TEST_F(OnConnectionTest, IsToldBeforeConnectMosquittoReturns) {
  auto transport = ConnectMosquitto(Options());
  ASSERT_THAT(transport, IsOk());
  EXPECT_THAT(states_.Items(), ElementsAre(IsOk()));
  transport->reset();
  EXPECT_EQ(states_.Size(), 1u) << "the end of the connection is no loss";
}

TEST_F(OnConnectionTest, IsToldOfTheAttemptThatFails) {
  MosquittoOptions options = Options();
  options.broker = DeadAddress();
  absl::Status status = ConnectMosquitto(options).status();
  EXPECT_THAT(states_.Items(), ElementsAre(StatusIs(status.code(), std::string(status.message()))));
}

TEST_F(OnConnectionTest, IsToldOfLossAndReturn) {
  auto transport = ConnectMosquitto(Options());
  ASSERT_THAT(transport, IsOk());
  broker_->Kill();
  ASSERT_TRUE(WaitForStates(3));
  EXPECT_THAT(
      (*transport)->WaitUntilConnected(absl::ZeroDuration()),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("cannot connect to")));

  ASSERT_THAT(broker_->Restart(), IsOk());
  EXPECT_THAT((*transport)->WaitUntilConnected(absl::InfiniteDuration()), IsOk());
  ASSERT_TRUE(events_.WaitUntil([&] { return states_.Items().back().ok(); }));

  std::vector<absl::Status> states = states_.Items();
  EXPECT_THAT(states[0], IsOk());
  EXPECT_THAT(
      states[1],
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(HasSubstr("lost"), HasSubstr(broker_->address()))));
  EXPECT_THAT(
      states[2],
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(HasSubstr("cannot connect to"), HasSubstr(broker_->address()))));
}

TEST_F(OnConnectionTest, NobodyWaitsForAConnectionOnItsOwnThread) {
  auto transport = ConnectMosquitto(Options());
  ASSERT_THAT(transport, IsOk());
  internal::RunInLoop((*transport)->loop(), [&] {
    EXPECT_THAT(
        (*transport)->WaitUntilConnected(absl::Seconds(1)),
        StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("own thread")));
  });
}

TEST_F(OnConnectionTest, InTheBackgroundTheBrokerMayComeLater) {
  broker_->Kill();
  MosquittoOptions options = Options();
  options.connect_in_background = true;
  auto transport = ConnectMosquitto(options);
  ASSERT_THAT(transport, IsOk());
  EventLog<absl::StatusOr<ReasonCode>> acks(events_);
  EventLog<std::string> payloads(events_);
  internal::RunInLoop((*transport)->loop(), [&] {
    (*transport)->Subscribe({.filter = "a", .on_message = [&](Message message) {
                               payloads.Add(message.payload);
                             }});
    (*transport)
        ->Publish(
            [] { return Message{.topic = "a", .payload = "waited"}; },
            [&](absl::StatusOr<ReasonCode> ack) { acks.Add(std::move(ack)); });
  });
  ASSERT_TRUE(WaitForStates(2));
  EXPECT_THAT(states_.Items()[1], StatusIs(absl::StatusCode::kUnavailable, HasSubstr("refused")));
  EXPECT_EQ(acks.Size(), 0u);

  ASSERT_THAT(broker_->Restart(), IsOk());
  EXPECT_THAT((*transport)->WaitUntilConnected(absl::InfiniteDuration()), IsOk());
  EXPECT_TRUE(events_.WaitUntil([&] { return acks.Size() == 1 && payloads.Size() == 1; }));
  EXPECT_THAT(payloads.Items(), ElementsAre("waited"));
  EXPECT_THAT(acks.Items(), ElementsAre(IsOk()));
  transport->reset();
}

TEST(ConnectInBackgroundTest, TheEndMayComeBeforeTheConnection) {
  Listener silent;
  auto transport = ConnectMosquitto(
      {.broker = silent.address(), .connect_in_background = true, .log = IgnoreLog});
  ASSERT_THAT(transport, IsOk());
  EXPECT_THAT(
      (*transport)->WaitUntilConnected(absl::Milliseconds(1)),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("first attempt")));
}

TEST(ConnectInBackgroundTest, OptionsAreCheckedAllTheSame) {
  EXPECT_THAT(
      ConnectMosquitto({.broker = "localhost", .connect_in_background = true}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("localhost")));
}

}  // namespace
}  // namespace mqrpc::tests

// A connection that has several brokers to choose from.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "listener.h"
#include "log_events.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FailoverTest : public ::testing::Test {
 protected:
  std::unique_ptr<testing::LocalBroker> StartBroker() {
    auto broker = testing::LocalBroker::Start();
    EXPECT_THAT(broker, IsOk());
    return broker.ok() ? *std::move(broker) : nullptr;
  }

  MosquittoOptions Options(const std::string& broker) {
    return {
        .broker = broker,
        .min_backoff = absl::Milliseconds(1),
        .max_backoff = absl::Milliseconds(20),
        .on_connection = [this](const absl::Status& state) { states_.Add(Unshared(state)); },
        .log = log_.Sink()};
  }

  LogEvents log_;
  Events events_;
  EventLog<absl::Status> states_{events_};
};

TEST_F(FailoverTest, ConnectMosquittoTriesOneAfterTheOther) {
  auto broker = StartBroker();
  ASSERT_NE(broker, nullptr);
  std::string dead = DeadAddress();
  // With a wait in between, the test would not end.
  MosquittoOptions options = Options(absl::StrCat(dead, ",", broker->address()));
  options.min_backoff = options.max_backoff = absl::Hours(1);

  auto transport = ConnectMosquitto(options);

  ASSERT_THAT(transport, IsOk());
  EXPECT_TRUE(log_.WaitFor(absl::StrCat("connected to ", broker->address())));
  EXPECT_THAT(
      states_.Items(),
      ElementsAre(StatusIs(absl::StatusCode::kUnavailable, HasSubstr(dead)), IsOk()));
}

TEST_F(FailoverTest, IfAllFailTheErrorNamesThemAll) {
  std::string one = DeadAddress();
  std::string two = "unix:///nonexistent/broker.sock";

  auto transport = ConnectMosquitto(Options(absl::StrCat(one, ",", two)));

  EXPECT_THAT(
      transport,
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(HasSubstr(one), HasSubstr("refused"), HasSubstr(two), HasSubstr("No such file"))));
  EXPECT_EQ(states_.Size(), 2u);
}

TEST_F(FailoverTest, WhatIsLostAtOneIsMadeAtTheNext) {
  auto first = StartBroker();
  auto second = StartBroker();
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  auto transport =
      ConnectMosquitto(Options(absl::StrCat(first->address(), ",", second->address())));
  ASSERT_THAT(transport, IsOk());

  first->Kill();
  ASSERT_TRUE(log_.WaitFor(absl::StrCat("connected to ", second->address())));
  ASSERT_THAT(first->Restart(), IsOk());
  second->Kill();
  ASSERT_TRUE(events_.WaitUntil([&] { return states_.Size() == 5; }));

  EXPECT_THAT(
      states_.Items(),
      ElementsAre(
          IsOk(),
          StatusIs(absl::StatusCode::kUnavailable, HasSubstr(first->address())),
          IsOk(),
          StatusIs(absl::StatusCode::kUnavailable, HasSubstr(second->address())),
          IsOk()));
}

TEST_F(FailoverTest, OneThatIsWrongIsRefused) {
  EXPECT_THAT(
      ConnectMosquitto(Options("mqtt://localhost:1,")),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("number 2 of it is empty")));
}

}  // namespace
}  // namespace mqrpc::tests

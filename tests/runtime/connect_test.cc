// What ConnectMosquitto says when it cannot connect, and what becomes of calls when a broker goes
// and comes back. Against real brokers.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "listener.h"
#include "log_events.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::Status Connect(MosquittoOptions options) {
  options.log = [](LogLevel, std::string_view) {};
  return ConnectMosquitto(std::move(options)).status();
}

TEST(ConnectTest, NobodyAtAPortIsUnavailable) {
  std::string address = DeadAddress();
  EXPECT_THAT(
      Connect({.broker = address}),
      StatusIs(absl::StatusCode::kUnavailable, AllOf(HasSubstr(address), HasSubstr("refused"))));
}

TEST(ConnectTest, NoSuchSocketIsUnavailable) {
  EXPECT_THAT(
      Connect({.broker = "unix:///nonexistent/broker.sock"}),
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(HasSubstr("unix:///nonexistent/broker.sock"), HasSubstr("No such file"))));
}

TEST(ConnectTest, AHostThatDoesNotExistIsUnavailable) {
  EXPECT_THAT(
      Connect({.broker = "mqtt://nonexistent.invalid"}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("mqtt://nonexistent.invalid")));
}

TEST(ConnectTest, OneWhoDoesNotSpeakMqttIsUnavailable) {
  Listener listener;
  std::thread peer([&listener] { listener.AnswerOnce("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  EXPECT_THAT(
      Connect({.broker = listener.address()}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr(listener.address())));
  peer.join();
}

TEST(ConnectTest, ABrokerThatAcceptsTwiceIsLeft) {
  Events events;
  EventLog<std::string> losses(events);
  Listener listener;
  std::thread broker([&listener] {
    int peer = accept(listener.fd(), nullptr, nullptr);
    char buffer[1024];
    EXPECT_GT(recv(peer, buffer, sizeof(buffer), 0), 0);
    std::string twice("\x20\x03\x00\x00\x00\x20\x03\x00\x00\x00", 10);
    EXPECT_EQ(send(peer, twice.data(), twice.size(), 0), static_cast<ssize_t>(twice.size()));
    while (recv(peer, buffer, sizeof(buffer), 0) > 0) {
    }
    close(peer);
  });
  auto transport = ConnectMosquitto(
      {.broker = listener.address(),
       .min_backoff = absl::Hours(1),
       .max_backoff = absl::Hours(1),
       .on_connection =
           [&losses](const absl::Status& state) {
             if (!state.ok()) losses.Add(std::string(state.message()));
           },
       .log = [](LogLevel, std::string_view) {}});
  broker.join();
  ASSERT_TRUE(events.WaitUntil([&losses] { return losses.Size() > 0; }));
  EXPECT_THAT(losses.Items().front(), HasSubstr("accepted the connection twice"));
}

TEST(ConnectTest, OneWhoDoesNotSpeakMqtt5IsUnavailable) {
  // CONNACK of MQTT 3.1.1: unacceptable protocol version.
  Listener listener;
  std::thread peer([&listener] { listener.AnswerOnce(std::string("\x20\x02\x00\x01", 4)); });
  EXPECT_THAT(
      Connect({.broker = listener.address()}),
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(HasSubstr(listener.address()), HasSubstr("MQTT 5"))));
  peer.join();
}

TEST(ConnectTest, ABrokerThatRefusesMqtt5IsUnavailable) {
  // CONNACK of MQTT 5: unsupported protocol version.
  Listener listener;
  std::thread peer([&listener] { listener.AnswerOnce(std::string("\x20\x03\x00\x84\x00", 5)); });
  EXPECT_THAT(
      Connect({.broker = listener.address()}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("does not speak MQTT 5")));
  peer.join();
}

TEST(ConnectTest, OneWhoClosesTheConnectionIsUnavailable) {
  Listener listener;
  std::thread peer([&listener] { listener.AnswerOnce(""); });
  EXPECT_THAT(
      Connect({.broker = listener.address()}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr(listener.address())));
  peer.join();
}

TEST(ConnectTest, OneWhoDoesNotAnswerRunsIntoTheTimeout) {
  Listener listener;
  EXPECT_THAT(
      Connect({.broker = listener.address(), .connect_timeout = absl::Milliseconds(50)}),
      StatusIs(
          absl::StatusCode::kDeadlineExceeded,
          AllOf(HasSubstr(listener.address()), HasSubstr("connect_timeout"), HasSubstr("50ms"))));
}

// Its password file has been made with: mosquitto_passwd -c -b FILE user secret
TEST(ConnectTest, WrongCredentialsAreRefused) {
  std::string password_file = ::testing::TempDir() + "mqrpc-passwords";
  std::ofstream(password_file)
      << "user:$7$101$ck6uJY06uMmjY7O4$ql3gw4bf10H29goA"
         "WtrKMiq+Wesrw9Gbgqco6q6CuOof18j8tPlns6Q0nkuK1UnQrrTurPk/faQIcpaj2"
         "EYoqA==\n";
  auto broker = testing::LocalBroker::Start(
      {.extra_config = "password_file " + password_file + "\nallow_anonymous false"});
  ASSERT_THAT(broker, IsOk());

  // The listener whose settings these are.
  std::string address = (*broker)->unix_address();
  EXPECT_THAT(Connect({.broker = address, .username = "user", .password = "secret"}), IsOk());
  EXPECT_THAT(
      Connect({.broker = address, .username = "user", .password = "wrong"}),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("0x87")));
  EXPECT_THAT(
      Connect({.broker = address}),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("uthori")));
  std::filesystem::remove(password_file);
}

struct WrongOptions {
  std::string named;  // in the message
  MosquittoOptions options;
};

void PrintTo(const WrongOptions& wrong, std::ostream* out) { *out << wrong.named; }

class MosquittoOptionsTest : public ::testing::TestWithParam<WrongOptions> {};

TEST_P(MosquittoOptionsTest, WhatIsWrongIsNamed) {
  MosquittoOptions options = GetParam().options;
  if (GetParam().named != "broker") options.broker = "mqtt://localhost:1";
  EXPECT_THAT(
      Connect(options),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().named)));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    MosquittoOptionsTest,
    ::testing::Values(
        WrongOptions{"broker", {.broker = ""}},
        WrongOptions{"broker", {.broker = "localhost"}},
        WrongOptions{"client_id", {.client_id = "a/b"}},
        WrongOptions{"client_id", {.client_id = "$a"}},
        WrongOptions{"client_id", {.client_id = "a+"}},
        WrongOptions{"client_id", {.client_id = "a\t"}},
        WrongOptions{"client_id", {.client_id = std::string(129, 'a')}},
        WrongOptions{"username", {.username = "a\t"}},
        WrongOptions{"password", {.password = "secret"}},
        WrongOptions{"password", {.username = "a", .password = std::string("a\0b", 3)}},
        WrongOptions{"keep_alive", {.keep_alive = absl::Seconds(4)}},
        WrongOptions{"keep_alive", {.keep_alive = absl::Hours(19)}},
        WrongOptions{"session_expiry", {.session_expiry = absl::Seconds(-1)}},
        WrongOptions{"session_expiry", {.session_expiry = absl::Milliseconds(1500)}},
        WrongOptions{"session_expiry", {.session_expiry = absl::Seconds((int64_t{1} << 32) - 1)}},
        WrongOptions{"session_expiry", {.session_expiry = absl::InfiniteDuration()}},
        WrongOptions{"connect_timeout", {.connect_timeout = absl::ZeroDuration()}},
        WrongOptions{"min_backoff", {.min_backoff = absl::ZeroDuration()}},
        WrongOptions{"max_backoff", {.max_backoff = absl::Milliseconds(99)}},
        WrongOptions{"max_in_flight", {.max_in_flight = 0}},
        WrongOptions{"max_in_flight", {.max_in_flight = 65536}},
        WrongOptions{"max_queued", {.max_queued = 0}}));

TEST(ConnectTest, AClientIdIsMadeUpWhereNoneIsGiven) {
  auto broker = testing::LocalBroker::Start();
  ASSERT_THAT(broker, IsOk());
  auto one = ConnectMosquitto({.broker = (*broker)->address()});
  auto two = ConnectMosquitto({.broker = (*broker)->address()});
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());

  EXPECT_THAT((*one)->client_id(), ::testing::MatchesRegex("mqrpc-[0-9a-f]{16}"));
  EXPECT_NE((*one)->client_id(), (*two)->client_id());
}

TEST(ConnectTest, TwoConnectionsOfOneClientIdAreNamedAsTheCause) {
  auto broker = testing::LocalBroker::Start();
  ASSERT_THAT(broker, IsOk());
  LogEvents log;
  MosquittoOptions options = {.broker = (*broker)->address(), .client_id = "same"};
  options.log = log.Sink();
  auto first = ConnectMosquitto(options);
  ASSERT_THAT(first, IsOk());
  options.log = [](LogLevel, std::string_view) {};
  auto second = ConnectMosquitto(options);
  ASSERT_THAT(second, IsOk());

  // Which the broker may say, and Mosquitto 2.0 does not.
  EXPECT_TRUE(log.WaitFor("client id"));
}

// A server and a channel, each with a connection of its own, to a broker that can be killed.
class ReconnectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker = testing::LocalBroker::Start();
    ASSERT_THAT(broker, IsOk());
    broker_ = *std::move(broker);
    server_connection_ = ConnectToBroker(server_log_);
    client_connection_ = ConnectToBroker(client_log_);
    ASSERT_NE(server_connection_, nullptr);
    ASSERT_NE(client_connection_, nullptr);
  }

  std::unique_ptr<Transport> ConnectToBroker(LogEvents& log) {
    auto transport = ConnectMosquitto(
        {.broker = broker_->address(),
         .min_backoff = absl::Milliseconds(1),
         .max_backoff = absl::Milliseconds(20),
         .log = log.Sink()});
    EXPECT_THAT(transport, IsOk());
    return transport.ok() ? *std::move(transport) : nullptr;
  }

  // Once a server is subscribed again, which nobody tells its callers.
  absl::StatusOr<Text> SayUntilServed(Channel& channel) {
    auto end = std::chrono::steady_clock::now() + kLong;
    absl::StatusOr<Text> reply = absl::UnknownError("never tried");
    while (!reply.ok() && std::chrono::steady_clock::now() < end) {
      reply = Echo::Stub(channel).Say(Text());
    }
    return reply;
  }

  std::unique_ptr<testing::LocalBroker> broker_;
  LogEvents server_log_;
  LogEvents client_log_;
  std::unique_ptr<Transport> server_connection_;
  std::unique_ptr<Transport> client_connection_;
  FakeEcho service_;
};

TEST_F(ReconnectTest, OfACallInFlightTheOutcomeIsUnknown) {
  Gate gate;
  Events events;
  EventLog<int> running(events);
  service_.say = SayTheSameBehind(gate, &running);
  RunningServer server(*server_connection_, service_, {.log = [](LogLevel, std::string_view) {}});
  Channel channel(*client_connection_, {.timeout = absl::Hours(1)});
  Call<Text> call = Echo::Stub(channel).SayAsync(Text());
  ASSERT_TRUE(events.WaitUntil([&] { return running.Size() == 1; }));

  broker_->Kill();

  EXPECT_THAT(
      call.Wait(),
      StatusIs(
          absl::StatusCode::kUnavailable,
          AllOf(
              HasSubstr(broker_->address()),
              HasSubstr("outcome"),
              HasSubstr("mqrpc.tests.Echo/Say"),
              HasSubstr("unknown"))));
  gate.Open();
}

TEST_F(ReconnectTest, WhenTheBrokerIsBackCallsWorkAgain) {
  service_.say = SayTheSame;
  RunningServer server(*server_connection_, service_, {.log = [](LogLevel, std::string_view) {}});
  Channel channel(*client_connection_);
  ASSERT_THAT(Echo::Stub(channel).Say(Text()), IsOk());

  for (int i = 0; i < 3; ++i) {
    broker_->Kill();
    ASSERT_THAT(broker_->Restart(), IsOk());
    EXPECT_THAT(SayUntilServed(channel), IsOk());
  }
}

TEST_F(ReconnectTest, ACallThatIsStartedWhileTheBrokerIsAwayWaitsForIt) {
  service_.say = SayTheSame;
  Channel channel(*client_connection_, {.timeout = absl::Hours(1)});
  EXPECT_THAT(
      Echo::Stub(channel).Say(Text()),
      StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  broker_->Kill();
  ASSERT_TRUE(client_log_.WaitFor("the connection was lost"));

  Call<Text> call = Echo::Stub(channel).SayAsync(Text());
  ASSERT_THAT(broker_->Restart(), IsOk());

  // Nobody serves, and only the broker can know.
  EXPECT_THAT(call.Wait(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("nobody")));
}

TEST_F(ReconnectTest, ACallThatIsStartedWhileTheBrokerIsAwayEndsByItsDeadline) {
  Channel channel(*client_connection_);
  broker_->Kill();
  ASSERT_TRUE(client_log_.WaitFor("the connection was lost"));

  EXPECT_THAT(
      Echo::Stub(channel).Say(Text(), {.timeout = absl::Milliseconds(20)}),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("not sent yet")));
}

TEST_F(ReconnectTest, AServerMayBeShutDownWhileTheBrokerIsAway) {
  service_.say = SayTheSame;
  RunningServer server(*server_connection_, service_, {.log = [](LogLevel, std::string_view) {}});
  broker_->Kill();
  server->Shutdown(absl::Hours(1));  // which it does not take: there is nothing to wait for
}

// Payloads that are larger than a broker's limit.
class PacketSizeTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto broker = testing::LocalBroker::Start({.extra_config = GetParam()});
    ASSERT_THAT(broker, IsOk());
    broker_ = *std::move(broker);
    // All there is to know is said by the statuses.
    LogSink silent = [](LogLevel, std::string_view) {};
    server_connection_ = *ConnectMosquitto({.broker = broker_->unix_address(), .log = silent});
    client_connection_ = *ConnectMosquitto({.broker = broker_->unix_address(), .log = silent});
  }

  std::unique_ptr<testing::LocalBroker> broker_;
  std::unique_ptr<Transport> server_connection_;
  std::unique_ptr<Transport> client_connection_;
  FakeEcho service_;
};

INSTANTIATE_TEST_SUITE_P(
    Settings,
    PacketSizeTest,
    ::testing::Values("max_packet_size 10000", "message_size_limit 10000"));

TEST_P(PacketSizeTest, ARequestThatIsTooLargeIsRefusedAtOnce) {
  service_.say = SayTheSame;
  RunningServer server(*server_connection_, service_);
  Channel channel(*client_connection_, {.timeout = absl::Hours(1)});
  Echo::Stub echo(channel);

  EXPECT_THAT(
      echo.Say(MakeText(std::string(20'000, 'x'))),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("maximum packet size")));
  EXPECT_THAT(echo.Say(MakeText("small")), IsOk());
}

TEST_P(PacketSizeTest, AReplyThatIsTooLargeIsAnErrorAtOnce) {
  service_.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    return MakeText(std::string(20'000, 'x'));
  };
  service_.ask = SayTheSame;
  RunningServer server(*server_connection_, service_);
  Channel channel(*client_connection_, {.timeout = absl::Hours(1)});
  Echo::Stub echo(channel);

  EXPECT_THAT(
      echo.Say(Text()),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("maximum packet size")));
  EXPECT_THAT(echo.Ask(MakeText("small")), IsOk());
}

}  // namespace
}  // namespace mqrpc::tests

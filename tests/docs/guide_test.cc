// The programs of README.md and docs/guide.md, run as they stand there. snippets_test.cc checks
// that the pages show nothing else.

#include <gtest/gtest.h>

#include <future>

#include "heating/my_thermostat.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/testing/local_broker.h"
#include "mqrpc/testing/manual_loop.h"
#include "valve.mqrpc.pb.h"

// clang-format off: as it stands in the pages

absl::StatusOr<double> SetTarget(const std::string& broker, double celsius) {
  auto transport = mqrpc::ConnectMosquitto({.broker = broker});
  if (!transport.ok()) return transport.status();
  mqrpc::Channel channel(**transport);
  acme::Thermostat::Stub thermostat(channel);

  acme::SetTargetRequest request;
  request.set_celsius(celsius);
  auto reply = thermostat.SetTarget(request, {.timeout = absl::Seconds(2)});
  if (!reply.ok()) return reply.status();
  return reply->previous_celsius();
}

absl::Status Serve(const std::string& broker, const std::function<void()>& wait_for_the_end) {
  auto transport = mqrpc::ConnectMosquitto({.broker = broker});
  if (!transport.ok()) return transport.status();
  MyThermostat thermostat;
  mqrpc::Server server(**transport);
  if (absl::Status status = server.Register(thermostat); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;
  wait_for_the_end();
  return absl::OkStatus();
}

TEST(ThermostatTest, AnswersThePreviousTarget) {
  mqrpc::InProcessBroker broker;
  auto connection = broker.Connect("test");
  ASSERT_TRUE(connection.ok()) << connection.status();

  MyThermostat service;
  mqrpc::Server server(**connection);
  ASSERT_TRUE(server.Register(service).ok());
  ASSERT_TRUE(server.Start().ok());

  mqrpc::Channel channel(**connection);
  acme::Thermostat::Stub thermostat(channel);
  acme::SetTargetRequest request;
  request.set_celsius(21);
  auto reply = thermostat.SetTarget(request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->previous_celsius(), 20);
}

class GuideTest : public testing::Test {
 protected:
  void SetUp() override {
    auto broker = mqrpc::testing::LocalBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
  }

  // While a server runs on a thread of its own.
  void WithServer(const std::function<void()>& test) {
    std::promise<void> ready, done;
    std::thread server([&] {
      absl::Status status = Serve(broker_->address(), [&] {
        ready.set_value();
        done.get_future().wait();
      });
      EXPECT_TRUE(status.ok()) << status;
    });
    ready.get_future().wait();
    test();
    done.set_value();
    server.join();
  }

  std::unique_ptr<mqrpc::testing::LocalBroker> broker_;
};

TEST_F(GuideTest, CallsThroughARealBroker) {
  WithServer([&] {
    EXPECT_EQ(SetTarget(broker_->address(), 21).value(), 20);
    EXPECT_EQ(SetTarget(broker_->unix_address(), 22).value(), 21);
  });
}

TEST_F(GuideTest, FailsAtOnceWhenNobodyServes) {
  EXPECT_EQ(SetTarget(broker_->address(), 21).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(GuideTest, EveryStyleOfCall) {
  WithServer([&] {
    auto transport = mqrpc::ConnectMosquitto({.broker = broker_->address()});
    ASSERT_TRUE(transport.ok()) << transport.status();
    mqrpc::Channel channel(**transport);
    acme::Thermostat::Stub thermostat(channel);
    acme::SetTargetRequest request;
    request.set_celsius(21);
    std::promise<double> answered;

    mqrpc::Call<acme::SetTargetReply> call = thermostat.SetTargetAsync(request);
    absl::StatusOr<acme::SetTargetReply> reply = call.Wait();

    thermostat.SetTargetAsync(request).Then(
        [&answered](absl::StatusOr<acme::SetTargetReply> reply) {
          answered.set_value(reply.ok() ? reply->previous_celsius() : 0);
        });

    absl::Status accepted = thermostat.SetTargetNotify(request).Wait();

    mqrpc::ChannelStats stats = channel.stats();
    std::cout << stats.calls_completed << " calls, " << stats.retries << " retries, p99 "
              << stats.latency.Quantile(0.99) << "\n";

    EXPECT_TRUE(accepted.ok()) << accepted;
    ASSERT_TRUE(reply.ok()) << reply.status();
    EXPECT_EQ(reply->previous_celsius(), 20);
    EXPECT_EQ(answered.get_future().get(), 21);

    request.set_celsius(50);
    reply = thermostat.SetTarget(request);
    if (auto range = mqrpc::GetDetail<acme::TargetRange>(reply.status())) {
      std::cout << "choose " << range->lowest_celsius() << " to " << range->highest_celsius()
                << "\n";
    }
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(mqrpc::GetDetail<acme::TargetRange>(reply.status())->highest_celsius(), 30);
  });
}

class Relay final : public acme::Valve::Service {
 public:
  explicit Relay(mqrpc::Channel& channel) : next_(channel) {}

  absl::StatusOr<acme::TurnReply> Turn(
      mqrpc::ServerContext& context,
      const acme::TurnRequest& request) override {
    return next_.Turn(request, mqrpc::CallOptions::From(context));
  }

 private:
  acme::Valve::Stub next_;
};

TEST(RelayTest, ANestedCallHasTheTimeOfItsCaller) {
  mqrpc::InProcessBroker broker;
  auto connection = broker.Connect("relay");
  mqrpc::Channel nobody(**connection, {.prefix = "elsewhere", .wait_for_ready = true});
  Relay relay(nobody);
  mqrpc::Server server(**connection);
  ASSERT_TRUE(server.Register(relay).ok());
  ASSERT_TRUE(server.Start().ok());
  mqrpc::Channel channel(**connection);
  acme::Valve::Stub valve(channel);
  acme::TurnRequest request;

  auto reply = valve.Turn(request, {.timeout = absl::Milliseconds(50)});
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);

  mqrpc::Channel waiting(**connection, {.prefix = "elsewhere", .timeout = absl::Milliseconds(50)});
  acme::Valve::Stub elsewhere(waiting);
  reply = elsewhere.Turn(request, {.wait_for_ready = true});
  EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(VirtualTimeTest, ADeadlinePassesWithoutWaiting) {
  mqrpc::testing::ManualLoop loop;
  mqrpc::InProcessBroker broker(loop);
  auto device = broker.Connect("device");
  auto caller = broker.Connect("caller");

  // Somebody takes the request, and never answers.
  (*device)->Subscribe({.filter = "mqrpc/services/acme.Thermostat/+", .on_message = [](auto) {}});
  mqrpc::Channel channel(**caller, {.executor = &loop});
  acme::Thermostat::Stub thermostat(channel);
  absl::Status status;
  thermostat.SetTargetAsync({}, {.timeout = absl::Seconds(5)}).Then([&status](auto reply) {
    status = reply.status();
  });
  loop.Advance(absl::Seconds(5));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
}

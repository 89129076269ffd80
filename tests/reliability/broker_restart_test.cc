// A broker that is killed again and again under load. MQRPC_RESTARTS in the environment says how
// often; the more, the longer.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "counter_service.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/testing/local_broker.h"
#include "support/events.h"
#include "test.pb.h"

namespace mqrpc::tests {
namespace {

constexpr size_t kMostCalls = 4'000'000;
constexpr size_t kInFlight = 200;
constexpr size_t kServers = 3;

size_t Restarts() {
  const char* restarts = std::getenv("MQRPC_RESTARTS");
  return restarts != nullptr ? std::stoul(restarts) : 5;
}

// Counts how often each call runs, each known by the number in its request.
class CountingService final : public Service {
 public:
  ServiceDescriptor mqrpc_descriptor() override { return DescribeCounter(Count()); }

  size_t runs(size_t call) const { return runs_[call]; }
  size_t late_runs() const { return late_runs_; }

 private:
  Handler Count() {
    return [this](std::unique_ptr<ServerCall> call) {
      if (call->context().TimeRemaining() == absl::ZeroDuration()) ++late_runs_;
      Text request;
      EXPECT_TRUE(request.ParseFromString(call->Read().value_or("")));
      ++runs_[std::stoul(request.text())];
      call->Write(request.SerializeAsString());
      call->Finish(absl::OkStatus());
    };
  }

  std::vector<std::atomic<uint8_t>> runs_ = std::vector<std::atomic<uint8_t>>(kMostCalls);
  std::atomic<size_t> late_runs_ = 0;
};

// Keeps so many calls under way until it is told to stop.
class Load {
 public:
  Load(Channel& channel, const CountingService& service) : channel_(channel), service_(service) {}

  void Start() {
    for (size_t i = 0; i < kInFlight; ++i) StartNext();
  }

  // Until so many more have been answered OK.
  bool WaitForAnswers(size_t count) {
    size_t until = answered_ + count;
    return events_.WaitUntil([this, until] { return answered_ >= until; });
  }

  // Until all have ended.
  bool Stop() {
    stopped_ = true;
    return events_.WaitUntil([this] { return under_way_ == 0; }) && events_.WaitForCount(next_);
  }

  size_t started() const { return next_; }
  size_t answered() const { return answered_; }
  size_t failed() const { return failed_; }

 private:
  void StartNext() {
    size_t number = next_++;
    ++under_way_;
    bool is_idempotent = number % 2 == 0;
    Text request;
    request.set_text(std::to_string(number));
    channel_.Start<Text>(is_idempotent ? kSet : kAdd, request)
        .Then([=, this](absl::StatusOr<Text> reply) {
          Check(number, is_idempotent, reply);
          if (!stopped_ && next_ < kMostCalls) StartNext();
          --under_way_;
          events_.Notify();
        });
  }

  void Check(size_t number, bool is_idempotent, const absl::StatusOr<Text>& reply) {
    if (reply.ok()) {
      ++answered_;
      EXPECT_EQ(reply->text(), std::to_string(number));
      EXPECT_GE(service_.runs(number), 1u);
      return;
    }
    ++failed_;
    EXPECT_FALSE(is_idempotent) << reply.status();
    EXPECT_TRUE(absl::IsUnavailable(reply.status()) || absl::IsDeadlineExceeded(reply.status()))
        << reply.status();
  }

  Channel& channel_;
  const CountingService& service_;
  Events events_;
  std::atomic<size_t> next_ = 0;
  std::atomic<size_t> under_way_ = 0;
  std::atomic<size_t> answered_ = 0;
  std::atomic<size_t> failed_ = 0;
  std::atomic<bool> stopped_ = false;
};

TEST(BrokerRestartTest, IdempotentCallsAllSucceedAndNoOtherRunsTwice) {
  auto broker = testing::LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  LogSink silent = [](LogLevel, std::string_view) {};
  auto connect = [&broker, &silent] {
    auto transport = ConnectMosquitto(
        {.broker = (*broker)->address(), .max_backoff = absl::Seconds(1), .log = silent});
    EXPECT_TRUE(transport.ok()) << transport.status();
    return *std::move(transport);
  };
  CountingService service;
  std::vector<std::unique_ptr<Transport>> connections;
  std::vector<std::unique_ptr<Server>> servers;
  for (size_t i = 0; i < kServers; ++i) {
    connections.push_back(connect());
    servers.push_back(std::make_unique<Server>(*connections.back(), ServerOptions{.log = silent}));
    ASSERT_TRUE(servers.back()->Register(service).ok());
    ASSERT_TRUE(servers.back()->Start().ok());
  }
  std::unique_ptr<Transport> connection = connect();
  Channel channel(
      *connection,
      {.timeout = absl::Seconds(10), .wait_for_ready = true, .log = silent});
  Load load(channel, service);

  load.Start();
  for (size_t i = 0; i < Restarts(); ++i) {
    ASSERT_TRUE(load.WaitForAnswers(2000));
    (*broker)->Kill();
    ASSERT_TRUE((*broker)->Restart().ok());
  }
  ASSERT_TRUE(load.Stop());

  size_t twice = 0;
  for (size_t number = 1; number < load.started(); number += 2) twice += service.runs(number) > 1;
  EXPECT_EQ(twice, 0u);
  EXPECT_EQ(service.late_runs(), 0u);
  RecordProperty("answered", std::to_string(load.answered()));
  RecordProperty("failed", std::to_string(load.failed()));
  RecordProperty("retries", std::to_string(channel.stats().retries));
  EXPECT_GT(channel.stats().retries, 0u);
}

}  // namespace
}  // namespace mqrpc::tests

// The asynchronous parts of docs/guide.md, run as they stand there.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "mqrpc/channel.h"
#include "mqrpc/gather.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/server.h"
#include "thermostat.mqrpc.pb.h"
#include "valve.mqrpc.pb.h"

// Turns on threads of its own. Any thread.
class Motor {
 public:
  ~Motor() {
    for (std::thread& thread : threads_) thread.join();
  }

  template <class Done>
  void Turn(double degrees, Done done) {
    std::lock_guard<std::mutex> lock(mutex_);
    degrees_ += degrees;
    threads_.emplace_back([ok = degrees_ < 90, done = std::move(done)]() mutable { done(ok); });
  }

 private:
  std::mutex mutex_;
  double degrees_ = 0;
  std::vector<std::thread> threads_;
};

class MotorValve final : public acme::Valve::AsyncService {
  void Turn(acme::TurnRequest request, mqrpc::Responder<acme::TurnReply> responder) override {
    motor_.Turn(request.degrees(), [responder = std::move(responder)](bool ok) mutable {
      if (!ok) return responder.Finish(absl::OutOfRangeError("it stops there"));
      responder.Finish(acme::TurnReply());
    });
  }

  Motor motor_;
};

class ValveThermostat final : public acme::Thermostat::CoService {
 public:
  explicit ValveThermostat(mqrpc::Channel& channel) : valve_(channel) {}

  mqrpc::Task<absl::StatusOr<acme::SetTargetReply>> SetTarget(
      mqrpc::ServerContext& context,
      acme::SetTargetRequest request) override {
    acme::TurnRequest turn;
    turn.set_degrees(request.celsius() - target_);
    auto turned = co_await valve_.TurnAsync(turn, mqrpc::CallOptions::From(context));
    if (!turned.ok()) co_return turned.status();
    acme::SetTargetReply reply;
    reply.set_previous_celsius(target_.exchange(request.celsius()));
    co_return reply;
  }

 private:
  acme::Valve::Stub valve_;
  std::atomic<double> target_ = 20;  // a handler starts on a worker, and goes on elsewhere
};

mqrpc::Task<absl::StatusOr<double>> Swing(acme::Thermostat::Stub thermostat, double celsius) {
  acme::SetTargetRequest request;
  request.set_celsius(celsius);
  absl::StatusOr<acme::SetTargetReply> first = co_await thermostat.SetTargetAsync(request);
  if (!first.ok()) co_return first.status();
  request.set_celsius(first->previous_celsius());
  absl::StatusOr<acme::SetTargetReply> second = co_await thermostat.SetTargetAsync(request);
  if (!second.ok()) co_return second.status();
  co_return second->previous_celsius();
}

class AsyncGuideTest : public testing::Test {
 protected:
  AsyncGuideTest() {
    for (mqrpc::Service* service : std::vector<mqrpc::Service*>{&valve_, &thermostat_}) {
      EXPECT_TRUE(server_.Register(*service).ok());
    }
    EXPECT_TRUE(server_.Start().ok());
  }

  mqrpc::InProcessBroker broker_;
  std::unique_ptr<mqrpc::Transport> connection_ = *broker_.Connect("test");
  mqrpc::Channel channel_{*connection_};
  MotorValve valve_;
  ValveThermostat thermostat_{channel_};
  mqrpc::Server server_{*connection_};
};

TEST_F(AsyncGuideTest, ACoroutineIsWaitedFor) {
  acme::Thermostat::Stub thermostat(channel_);

  absl::StatusOr<double> swung = Swing(thermostat, 25).Wait();

  ASSERT_TRUE(swung.ok()) << swung.status();
  EXPECT_EQ(*swung, 25);
  EXPECT_EQ(Swing(thermostat, 500).Wait().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(AsyncGuideTest, SeveralCallsAreWaitedFor) {
  mqrpc::Channel channel(*connection_, {.prefix = "empty"});
  std::vector<acme::Thermostat::Stub> thermostats(3, acme::Thermostat::Stub(channel));
  acme::SetTargetRequest request;

  std::vector<mqrpc::Call<acme::SetTargetReply>> calls;
  for (acme::Thermostat::Stub& thermostat : thermostats) {
    calls.push_back(thermostat.SetTargetAsync(request));
  }
  auto outcomes = mqrpc::Gather(std::move(calls), {.successes = 2}).Wait();
  for (size_t i = 0; i < outcomes.results.size(); ++i) {
    std::cout << "thermostat " << i << ": " << outcomes.results[i].status() << "\n";
  }

  EXPECT_EQ(outcomes.status.code(), absl::StatusCode::kUnavailable) << outcomes.status;
}

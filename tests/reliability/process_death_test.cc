// Servers and a broker that are killed, or stopped for a while, as processes.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "calculator.pb.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/directory.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "pause.h"
#include "support/events.h"
#include "testing/child_process.h"

namespace mqrpc::tests {
namespace {

using examples::calculator::v1::AddReply;
using examples::calculator::v1::AddRequest;

constexpr std::string_view kService = "mqrpc.examples.calculator.v1.Calculator";

class ProcessDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto broker = testing::LocalBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    log_ = absl::StrCat(::testing::TempDir(), "/servers-", broker_->port(), ".log");
    auto connection = ConnectMosquitto({.broker = broker_->address(), .log = silent_});
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
    channel_ = std::make_unique<Channel>(
        *connection_,
        ChannelOptions{.wait_for_ready = true, .max_saved_retries = 100'000, .log = silent_});
  }
  void TearDown() override { std::filesystem::remove(log_); }

  testing::ChildProcess StartServer() {
    auto server = testing::ChildProcess::Start(
        {MQRPC_CALCULATOR_SERVER, "--broker", broker_->address()},
        log_);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  Call<AddReply> Add(Idempotency idempotency, CallOptions options) {
    AddRequest request;
    request.set_a(2);
    request.set_b(3);
    return channel_->Start<AddReply>({kService, "Add", idempotency}, request, options);
  }
  absl::Status AddAndWait(CallOptions options = {}) {
    return Add(Idempotency::kUnknown, options).Wait().status();
  }

  LogSink silent_ = [](LogLevel, std::string_view) {};
  std::string log_;
  std::unique_ptr<testing::LocalBroker> broker_;
  std::unique_ptr<Transport> connection_;
  std::unique_ptr<Channel> channel_;
};

// So many calls at a time, each followed by the next until told to stop.
class AddLoad {
 public:
  explicit AddLoad(std::function<Call<AddReply>()> add) : add_(std::move(add)) {}

  void Start(size_t in_flight) {
    for (size_t i = 0; i < in_flight; ++i) StartNext();
  }
  bool WaitForAnswers(size_t count) {
    size_t until = answered_ + count;
    return events_.WaitUntil([this, until] { return answered_ >= until; });
  }
  bool Stop() {
    stopped_ = true;
    return events_.WaitUntil([this] { return under_way_ == 0; }) && events_.WaitForCount(started_);
  }
  std::vector<absl::Status> failures() const { return failures_.Items(); }

 private:
  void StartNext() {
    ++started_;
    ++under_way_;
    add_().Then([this](absl::StatusOr<AddReply> reply) {
      if (reply.ok()) {
        EXPECT_EQ(reply->sum(), 5);
        ++answered_;
      } else {
        failures_.Add(Unshared(reply.status()));
      }
      if (!stopped_) StartNext();
      --under_way_;
      events_.Notify();
    });
  }

  const std::function<Call<AddReply>()> add_;
  Events events_;
  Events failed_;
  EventLog<absl::Status> failures_{failed_};
  std::atomic<size_t> started_ = 0;
  std::atomic<size_t> under_way_ = 0;
  std::atomic<size_t> answered_ = 0;
  std::atomic<bool> stopped_ = false;
};

// The broker's word for it is the will of its connection.
TEST_F(ProcessDeathTest, AServerThatIsKilledIsNotThereAnyMore) {
  Events events;
  EventLog<bool> changes(events);
  Directory directory(
      *connection_,
      {.on_change = [&changes](const ServerPresence& server, bool is_there) {
        EXPECT_TRUE(server.Serves(kService));
        changes.Add(is_there);
      }});
  testing::ChildProcess server = StartServer();
  EXPECT_TRUE(events.WaitUntil([&] { return changes.Size() == 1; }));
  EXPECT_EQ(directory.Find(kService)->size(), 1u);

  server.Kill();

  EXPECT_TRUE(events.WaitUntil([&] { return changes.Size() == 2; }));
  EXPECT_EQ(directory.Find(kService)->size(), 0u);
}

// Servers say again that they are there; who does not has gone.
TEST_F(ProcessDeathTest, ABrokerThatIsRestartedIsToldAgainWhoIsThere) {
  Events events;
  EventLog<bool> changes(events);
  Directory directory(*connection_, {.on_change = [&changes](const ServerPresence&, bool is_there) {
    changes.Add(is_there);
  }});
  testing::ChildProcess server = StartServer();
  testing::ChildProcess other = StartServer();
  EXPECT_TRUE(events.WaitUntil([&] { return changes.Size() == 2; }));

  broker_->Kill();
  other.Kill();
  ASSERT_TRUE(broker_->Restart().ok());

  EXPECT_TRUE(events.WaitUntil([&] { return directory.Find("")->size() == 1; }));
  EXPECT_EQ(AddAndWait(), absl::OkStatus());
}

TEST_F(ProcessDeathTest, IdempotentCallsSurviveTheDeathsOfServers) {
  testing::ChildProcess servers[] = {StartServer(), StartServer()};
  RetryPolicy retry = {.max_attempts = 100, .attempt_timeout = absl::Milliseconds(200)};
  AddLoad load([&] { return Add(Idempotency::kIdempotent, {.retry = retry}); });

  load.Start(50);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(load.WaitForAnswers(500));
    servers[i % 2].Kill();
    servers[i % 2] = StartServer();
  }
  ASSERT_TRUE(load.Stop());

  EXPECT_TRUE(load.failures().empty()) << load.failures()[0];
}

TEST_F(ProcessDeathTest, OtherCallsEndByTheirDeadlineAndSayThatTheyMayHaveRun) {
  testing::ChildProcess servers[] = {StartServer(), StartServer()};
  AddLoad load([&] { return Add(Idempotency::kUnknown, {.timeout = absl::Seconds(1)}); });

  load.Start(50);
  ASSERT_TRUE(load.WaitForAnswers(500));
  servers[0].Kill();
  ASSERT_TRUE(load.WaitForAnswers(500));
  ASSERT_TRUE(load.Stop());

  for (const absl::Status& failure : load.failures()) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(failure)) << failure;
  }
}

TEST_F(ProcessDeathTest, AStoppedServerIsADeadlineThatPassesAndServesAgainWhenItGoesOn) {
  testing::ChildProcess server = StartServer();
  ASSERT_TRUE(AddAndWait().ok());

  Pause(server.pid());
  absl::Status stopped = AddAndWait({.timeout = absl::Milliseconds(50)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(stopped)) << stopped;
  Resume(server.pid());

  absl::Status again = AddAndWait();
  EXPECT_TRUE(again.ok()) << again;
}

TEST_F(ProcessDeathTest, SoDoesAStoppedBroker) {
  testing::ChildProcess server = StartServer();
  ASSERT_TRUE(AddAndWait().ok());

  Pause(broker_->pid());
  absl::Status stopped = AddAndWait({.timeout = absl::Milliseconds(50)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(stopped)) << stopped;
  Resume(broker_->pid());

  absl::Status again = AddAndWait();
  EXPECT_TRUE(again.ok()) << again;
}

TEST_F(ProcessDeathTest, ACallWaitsForTheFirstServerToCome) {
  auto call = Add(Idempotency::kUnknown, {});
  testing::ChildProcess server = StartServer();
  absl::StatusOr<AddReply> reply = call.Wait();
  EXPECT_TRUE(reply.ok()) << reply.status();
}

}  // namespace
}  // namespace mqrpc::tests

// What is counted, and how large a message may be: in virtual time.

#include "mqrpc/stats.h"

#include <memory>
#include <string>
#include <vector>

#include "fake_echo.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/server.h"
#include "outcome.h"
#include "virtual_network.h"

namespace mqrpc::tests {
namespace {

size_t Index(absl::StatusCode code) { return static_cast<size_t>(code); }

// Answers when the test says, as a slow service would.
struct SlowService final : Service {
  ServiceDescriptor mqrpc_descriptor() override {
    Handler handler = [this](std::unique_ptr<ServerCall> call) {
      calls.push_back(std::move(call));
    };
    return {"acme.Slow", {{{.name = "Do"}, handler}}};
  }
  void Answer(absl::Status status) {
    calls.front()->Finish(std::move(status));
    calls.erase(calls.begin());
  }

  std::vector<std::unique_ptr<ServerCall>> calls;
};

class StatsTest : public ::testing::Test {
 protected:
  void Start(ChannelOptions options = {}, ServerOptions server_options = {}) {
    options.executor = &network_.loop;
    options.log = server_options.log = network_.log.Sink();
    server_options.workers = 0;
    channel_ = std::make_unique<Channel>(*client_, std::move(options));
    server_ = std::make_unique<Server>(*device_, std::move(server_options));
    ASSERT_THAT(server_->Register(service_), IsOk());
    ASSERT_THAT(server_->Start(), IsOk());
    network_.loop.RunUntilIdle();
  }

  std::shared_ptr<const Outcome<Text>> Ask(std::string method = "Do", std::string text = {}) {
    methods_.push_back(std::make_unique<std::string>(std::move(method)));
    auto outcome =
        Watch(channel_->Start<Text>({"acme.Slow", *methods_.back()}, MakeText(std::move(text))));
    network_.loop.RunUntilIdle();
    return outcome;
  }
  void Answer(absl::Status status = absl::OkStatus()) {
    service_.Answer(std::move(status));
    network_.loop.RunUntilIdle();
  }

  std::vector<std::unique_ptr<std::string>> methods_;
  VirtualNetwork network_;
  SlowService service_;
  std::unique_ptr<Transport> client_ = network_.Connect("client");
  std::unique_ptr<Transport> device_ = network_.Connect("device");
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Server> server_;
};

TEST_F(StatsTest, OutcomesAreCountedByCodeOnBothSides) {
  Start();
  Ask();
  Answer();
  Ask();
  Answer(absl::NotFoundError("no"));
  Ask("Elsewhere");  // UNIMPLEMENTED, unrun

  ChannelStats channel = channel_->stats();
  EXPECT_EQ(channel.calls_completed, 3u);
  EXPECT_EQ(channel.outcomes[Index(absl::StatusCode::kOk)], 1u);
  EXPECT_EQ(channel.outcomes[Index(absl::StatusCode::kNotFound)], 1u);
  EXPECT_EQ(channel.outcomes[Index(absl::StatusCode::kUnimplemented)], 1u);

  ServerStats server = server_->stats();
  EXPECT_EQ(server.outcomes[Index(absl::StatusCode::kOk)], 1u);
  EXPECT_EQ(server.outcomes[Index(absl::StatusCode::kNotFound)], 1u);
  EXPECT_EQ(server.outcomes[Index(absl::StatusCode::kUnimplemented)], 0u);
  EXPECT_EQ(server.calls_refused, 1u);
}

TEST_F(StatsTest, TimesAreMeasuredOnBothSides) {
  Start();
  Ask();
  network_.loop.Advance(absl::Seconds(2));
  EXPECT_EQ(channel_->stats().latency.count(), 0u);
  EXPECT_EQ(server_->stats().calls_running, 1u);
  Answer();

  ASSERT_EQ(channel_->stats().latency.count(), 1u);
  EXPECT_GE(channel_->stats().latency.Quantile(1), absl::Seconds(2));
  ASSERT_EQ(server_->stats().run_time.count(), 1u);
  EXPECT_GE(server_->stats().run_time.Quantile(1), absl::Seconds(2));
  EXPECT_EQ(server_->stats().wait_time.count(), 1u);
  EXPECT_EQ(server_->stats().wait_time.Quantile(1), absl::ZeroDuration());
  EXPECT_EQ(server_->stats().calls_running, 0u);
}

TEST_F(StatsTest, WhatIsUnderWayIsSeenAndThenIsGone) {
  Start({.max_unanswered = 1});
  auto first = Ask();
  auto second = Ask();
  EXPECT_EQ(channel_->stats().calls_outstanding, 2u);
  EXPECT_EQ(channel_->stats().calls_waiting, 1u);

  Answer();
  EXPECT_EQ(channel_->stats().calls_outstanding, 1u);
  EXPECT_EQ(channel_->stats().calls_waiting, 0u);
  Answer();
  EXPECT_EQ(channel_->stats().calls_outstanding, 0u);
  EXPECT_EQ(channel_->stats().request_bytes, 0u);
}

TEST_F(StatsTest, KeptRepliesAreSeenUntilTheyExpire) {
  Start();
  Ask();
  Answer();
  EXPECT_EQ(server_->stats().replies_kept, 1u);
  EXPECT_GT(server_->stats().reply_bytes_kept, 0u);
  network_.loop.Advance(absl::Minutes(1));
  EXPECT_EQ(server_->stats().replies_kept, 0u);
  EXPECT_EQ(server_->stats().reply_bytes_kept, 0u);
}

TEST_F(StatsTest, MessagesAreCountedByTheConnection) {
  Start();
  Ask();
  Answer();
  EXPECT_EQ(client_->stats().connections_made, 1u);
  EXPECT_EQ(client_->stats().messages_sent, 1u);
  EXPECT_EQ(client_->stats().messages_received, 1u);
  EXPECT_EQ(device_->stats().messages_sent, 1u);
  EXPECT_EQ(device_->stats().messages_received, 1u);
  EXPECT_EQ(client_->stats().messages_queued, 0u);
}

using MessageSizeTest = StatsTest;

TEST_F(MessageSizeTest, ARequestThatIsTooLargeIsNotSent) {
  Start({.max_message_size = 100});
  auto outcome = Ask("Do", std::string(200, 'x'));
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          ::testing::HasSubstr("ChannelOptions::max_message_size (100): the request has 203")));
  EXPECT_EQ(channel_->stats().calls_refused, 1u);
  EXPECT_EQ(client_->stats().messages_sent, 0u);
  EXPECT_EQ(Ask("Do", "short")->times, 0);
}

TEST_F(MessageSizeTest, NorRunByAServerForWhichItIs) {
  Start({}, {.max_message_size = 100});
  auto outcome = Ask("Do", std::string(200, 'x'));
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          ::testing::HasSubstr("ServerOptions::max_message_size (100): the request has 203")));
  EXPECT_TRUE(service_.calls.empty());
}

TEST_F(MessageSizeTest, AReplyThatIsTooLargeIsAnError) {
  Start({}, {.max_message_size = 100});
  auto outcome = Ask();
  service_.calls.front()->Write(std::string(200, 'x'));
  Answer();
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          ::testing::HasSubstr("ServerOptions::max_message_size (100): the reply has 200 bytes")));
}

TEST_F(MessageSizeTest, AlsoForTheCaller) {
  Start({.max_message_size = 100});
  auto outcome = Ask();
  service_.calls.front()->Write(std::string(200, 'x'));
  Answer();
  EXPECT_THAT(
      outcome->result,
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          ::testing::HasSubstr("ChannelOptions::max_message_size (100): the reply has 200 bytes")));
}

}  // namespace
}  // namespace mqrpc::tests

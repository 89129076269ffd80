// The calls of a saga: what they are made with, and that they may be awaited.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/saga.h"
#include "status_matchers.h"
#include "virtual_network.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Code = absl::StatusCode;

// What the calls of a saga with one step that fails are made with.
std::pair<CallOptions, CallOptions> OptionsOf(SagaOptions saga_options) {
  Saga saga(std::move(saga_options));
  std::pair<CallOptions, CallOptions> seen;
  auto keep_in = [](CallOptions& place) {
    return [&place](const CallOptions& options) {
      place = options;
      return absl::UnavailableError("away");
    };
  };
  saga.Step("pay", keep_in(seen.first), keep_in(seen.second));
  EXPECT_THAT(saga.Run(), Not(IsOk()));
  return seen;
}

TEST(SagaOptionsTest, CompensationsWaitForAServer) {
  auto [step, compensation] = OptionsOf({});
  EXPECT_EQ(step.timeout, std::nullopt);
  EXPECT_EQ(step.wait_for_ready, std::nullopt);
  EXPECT_EQ(compensation.timeout, absl::Seconds(60));
  EXPECT_EQ(compensation.wait_for_ready, true);
}

TEST(SagaOptionsTest, HeadersGoWithAllOfIt) {
  auto [step, compensation] =
      OptionsOf({.id = "7", .steps = {.headers = {{"tenant", "acme"}}}, .compensations = {}});
  EXPECT_EQ(step.headers, (Metadata{{"tenant", "acme"}, {"saga-id", "7"}}));
  EXPECT_EQ(compensation.headers, step.headers);
}

TEST(SagaOptionsTest, TheTimeoutIsOfAllStepsTogether) {
  std::vector<absl::Duration> timeouts;
  auto keep = [&timeouts](const CallOptions& options) {
    timeouts.push_back(*options.timeout);
    return absl::OkStatus();
  };
  Saga saga({.steps = {.timeout = absl::Hours(1)}});
  saga.Step("first", keep);
  saga.Step("second", keep);
  EXPECT_THAT(saga.Run(), IsOk());
  EXPECT_LE(timeouts.at(0), absl::Hours(1));
  EXPECT_LE(timeouts.at(1), timeouts.at(0));
  EXPECT_GT(timeouts.at(1), absl::ZeroDuration());
}

TEST(SagaOptionsTest, WithoutTimeLeftAStepEndsAtOnce) {
  auto [step, compensation] = OptionsOf({.steps = {.timeout = absl::Nanoseconds(1)}});
  EXPECT_EQ(step.timeout, absl::Nanoseconds(1));
  EXPECT_EQ(compensation.timeout, absl::Seconds(60));
}

TEST(SagaCallsTest, ServicesSeeItsId) {
  InProcessBroker broker;
  std::unique_ptr<Transport> server_connection = *broker.Connect("server");
  std::unique_ptr<Transport> connection = *broker.Connect("client");
  FakeEcho service;
  service.say = [](ServerContext& context, const Text&) -> absl::StatusOr<Text> {
    return MakeText(*context.headers().Find("saga-id"));
  };
  RunningServer server(*server_connection, service);
  Channel channel(*connection);
  Echo::Stub echo(channel);
  std::vector<std::string> ids;

  Saga saga({.id = "order-4711"});
  auto say = [&](const CallOptions& options) {
    absl::StatusOr<Text> reply = echo.Say(Text(), options);
    ids.push_back(reply.ok() ? reply->text() : reply.status().ToString());
    return reply.status();
  };
  saga.Step("say", say, say);
  saga.Step("ask", [&](const CallOptions& options) { return echo.Ask(Text(), options).status(); });
  EXPECT_THAT(saga.Run(), StatusIs(Code::kUnimplemented, HasSubstr("\"ask\"")));
  EXPECT_THAT(ids, ElementsAre("order-4711", "order-4711"));
}

// Steps that are coroutines, in virtual time.
class SagaTaskTest : public ::testing::Test {
 protected:
  SagaTaskTest() { server_.Subscribe("mqrpc/services/mqrpc.tests.Echo/+"); }

  auto Say(std::string text) {
    return [this, text](const CallOptions& options) -> Task<absl::Status> {
      Text request = MakeText(text);
      absl::StatusOr<Text> reply = co_await echo_.SayAsync(request, options);
      co_return reply.status();
    };
  }

  // To the request that is `index`-th of all; what is no Text is INTERNAL.
  void Reply(size_t index, std::string payload) {
    const Message& request = server_.received().at(index);
    server_.Publish(
        {.topic = *request.response_topic,
         .payload = std::move(payload),
         .correlation_data = request.correlation_data});
  }

  VirtualNetwork network_;
  testing::ManualLoop& loop_ = network_.loop;
  Peer server_ = network_.MakePeer("server");
  std::unique_ptr<Transport> connection_ = network_.Connect("client");
  Channel channel_{*connection_, {.executor = &loop_}};
  Echo::Stub echo_{channel_};
  std::optional<absl::Status> status_;
};

TEST_F(SagaTaskTest, StepsAndCompensationsMayBeCoroutines) {
  Saga saga;
  saga.Step("first", Say("first"), Say("undo first"));
  saga.Step("second", Say("second"), Say("undo second"));
  saga.RunAsync().Then([this](absl::Status status) { status_ = std::move(status); });
  loop_.RunUntilIdle();
  ASSERT_EQ(server_.received().size(), 1u);
  Reply(0, server_.received()[0].payload);
  Reply(1, "\xff");
  Reply(2, server_.received()[2].payload);
  EXPECT_FALSE(status_.has_value());
  Reply(3, server_.received()[3].payload);
  ASSERT_TRUE(status_.has_value());
  EXPECT_THAT(*status_, StatusIs(Code::kInternal, HasSubstr("\"second\"")));
  std::vector<std::string> said;
  for (const Message& request : server_.received()) {
    said.push_back(Parse<Text>(request.payload)->text());
  }
  EXPECT_THAT(said, ElementsAre("first", "second", "undo second", "undo first"));
}

TEST_F(SagaTaskTest, OneThatIsDroppedCompensatesNothing) {
  Saga saga;
  saga.Step("first", Say("first"), Say("undo first"));
  saga.Step("second", Say("second"), Say("undo second"));
  {
    Task<absl::Status> task = saga.RunAsync();
    task.Start();
    loop_.RunUntilIdle();
    Reply(0, server_.received()[0].payload);
  }
  loop_.RunUntilIdle();
  EXPECT_EQ(server_.received().size(), 2u);
  EXPECT_EQ(saga.log().size(), 1u);
  EXPECT_EQ(channel_.stats().calls_outstanding, 0u);
}

}  // namespace
}  // namespace mqrpc::tests

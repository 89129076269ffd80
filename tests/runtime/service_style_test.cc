// Services that answer later: through a Responder, and as coroutines.

#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "log_events.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "mqrpc/gather.h"
#include "mqrpc/status.pb.h"
#include "mqrpc/status_details.h"
#include "status_matchers.h"
#include "support/events.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// The service of test.proto as a function, in the other styles; `Ask` and `Ping` are not
// overridden.
struct FakeAsyncEcho final : Echo::AsyncService {
  std::function<void(Text, Responder<Text>)> say;

  void Say(Text request, Responder<Text> responder) override {
    say(std::move(request), std::move(responder));
  }
};

struct FakeCoEcho final : Echo::CoService {
  using Method = std::function<Task<absl::StatusOr<Text>>(ServerContext&, Text)>;
  Method say;

  Task<absl::StatusOr<Text>> Say(ServerContext& context, Text request) override {
    return say(context, std::move(request));
  }
};

class ServiceStyleTest : public MediumTest {
 protected:
  // Serves it, and calls.
  absl::StatusOr<Text> Say(Service& service, ServerOptions options = {}) {
    RunningServer server(Connect("server"), service, std::move(options));
    Channel channel(Connect("client"));
    return Echo::Stub(channel).Say(MakeText("hello"));
  }
};

INSTANTIATE_TEST_SUITE_P(
    Media,
    ServiceStyleTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp),
    [](const auto& info) { return NameOf(info.param); });

TEST_P(ServiceStyleTest, AResponderAnswersFromAnyThread) {
  FakeAsyncEcho service;
  std::vector<std::thread> threads;
  service.say = [&threads](Text request, Responder<Text> responder) {
    threads.emplace_back([request, responder = std::move(responder)]() mutable {
      EXPECT_EQ(responder.context().method(), "mqrpc.tests.Echo/Say");
      responder.Finish(request);
    });
  };
  absl::StatusOr<Text> reply = Say(service);
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "hello");
}

TEST_P(ServiceStyleTest, ShutdownWaitsForAnswersThatComeLater) {
  FakeAsyncEcho service;
  std::promise<Responder<Text>> held;
  service.say = [&held](Text, Responder<Text> responder) { held.set_value(std::move(responder)); };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  Call<Text> call = echo.SayAsync(MakeText("hello"));
  Responder<Text> responder = held.get_future().get();

  std::thread shutdown([&server] { server->Shutdown(absl::Minutes(1)); });
  while (absl::IsUnimplemented(echo.Ask(Text()).status())) {  // until it has left its services
  }
  responder.Finish(MakeText("late"));
  shutdown.join();

  EXPECT_THAT(call.Wait(), IsOk());
}

TEST_P(ServiceStyleTest, ButNoLongerThanItsGrace) {
  FakeAsyncEcho service;
  std::promise<Responder<Text>> held;
  service.say = [&held](Text, Responder<Text> responder) { held.set_value(std::move(responder)); };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Call<Text> call = Echo::Stub(channel).SayAsync(MakeText("hello"));
  Responder<Text> responder = held.get_future().get();

  server->Shutdown(absl::ZeroDuration());
  responder.Finish(MakeText("too late"));

  EXPECT_EQ(server->stats().replies_lost, 1u);
}

TEST_P(ServiceStyleTest, AResponderAnswersAtOnce) {
  FakeAsyncEcho service;
  service.say = [](Text request, Responder<Text> responder) {
    responder.Finish(std::move(request));
  };
  EXPECT_THAT(Say(service), IsOk());
}

TEST_P(ServiceStyleTest, ItsErrorsHaveDetails) {
  FakeAsyncEcho service;
  service.say = [](Text, Responder<Text> responder) {
    absl::Status status = absl::OutOfRangeError("too loud");
    Reason reason;
    reason.set_number(7);
    AddDetail(status, reason);
    responder.Finish(status);
  };
  absl::Status status = Say(service).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange, "too loud"));
  EXPECT_EQ(GetDetail<Reason>(status)->number(), 7);
}

TEST_P(ServiceStyleTest, OneThatIsDroppedAnswersInternal) {
  LogEvents log;
  FakeAsyncEcho service;
  service.say = [](Text, Responder<Text>) {};
  EXPECT_THAT(
      Say(service, {.log = log.Sink()}),
      StatusIs(
          absl::StatusCode::kInternal,
          "the handler of mqrpc.tests.Echo/Say ended without an answer"));
  EXPECT_TRUE(log.WaitFor("ended without an answer"));
}

TEST_P(ServiceStyleTest, TheFirstAnswerCounts) {
  FakeAsyncEcho service;
  service.say = [](Text, Responder<Text> responder) {
    responder.Finish(MakeText("first"));
    responder.Finish(absl::AbortedError("second"));
  };
  EXPECT_EQ(Say(service)->text(), "first");
}

TEST_P(ServiceStyleTest, AResponderMayOutliveTheServer) {
  Events events;
  std::optional<Responder<Text>> kept;
  FakeAsyncEcho service;
  service.say = [&](Text, Responder<Text> responder) {
    events.Notify([&] { kept.emplace(std::move(responder)); });
  };
  Channel channel(Connect("client"));
  {
    RunningServer server(Connect("server"), service);
    Echo::Stub(channel).SayAsync(Text()).Detach();
    ASSERT_TRUE(events.WaitForCount(1));
  }
  kept->Finish(MakeText("too late"));
}

TEST_P(ServiceStyleTest, WhatIsNotOverriddenIsUnimplemented) {
  FakeAsyncEcho async_service;
  FakeCoEcho co_service;
  for (Service* service : std::initializer_list<Service*>{&async_service, &co_service}) {
    RunningServer server(
        Connect(service == &async_service ? "async server" : "co server"),
        *service);
    Channel channel(Connect(service == &async_service ? "async client" : "co client"));
    EXPECT_THAT(
        Echo::Stub(channel).Ask(Text()),
        StatusIs(
            absl::StatusCode::kUnimplemented,
            "mqrpc.tests.Echo/Ask is declared, but not implemented here"));
    EXPECT_THAT(
        Echo::Stub(channel).Ping(Text()),
        StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Echo/Ping")));
  }
}

TEST_P(ServiceStyleTest, ACoroutineAnswersAtOnce) {
  FakeCoEcho service;
  service.say = [](ServerContext& context, Text request) -> Task<absl::StatusOr<Text>> {
    EXPECT_EQ(context.method(), "mqrpc.tests.Echo/Say");
    co_return request;
  };
  EXPECT_EQ(Say(service)->text(), "hello");
}

TEST_P(ServiceStyleTest, ItsErrorIsTheCalls) {
  FakeCoEcho service;
  service.say = [](ServerContext&, Text) -> Task<absl::StatusOr<Text>> {
    co_return absl::OutOfRangeError("too loud");
  };
  EXPECT_THAT(Say(service), StatusIs(absl::StatusCode::kOutOfRange, "too loud"));
}

TEST_P(ServiceStyleTest, WhatItThrowsIsInternal) {
  LogEvents log;
  FakeCoEcho service;
  service.say = [](ServerContext&, Text request) -> Task<absl::StatusOr<Text>> {
    if (request.text() == "hello") throw std::runtime_error("speechless");
    co_return request;
  };
  EXPECT_THAT(
      Say(service, {.log = log.Sink()}),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("ended without an answer")));
}

// Calls another service, and has what it needs afterwards.
TEST_P(ServiceStyleTest, CoroutinesAwaitOtherCallsWithoutHoldingUpAWorker) {
  constexpr size_t kCalls = 200;
  Gate gate;
  FakeEcho next;
  next.say = SayTheSameBehind(gate);
  RunningServer next_server(Connect("next"), next, {.prefixes = {"next"}, .workers = 2});
  Channel to_next(Connect("to next"), {.prefix = "next"});
  Events events;
  FakeCoEcho service;
  service.say = [&](ServerContext& context, Text request) -> Task<absl::StatusOr<Text>> {
    events.Notify();
    auto reply = co_await Echo::Stub(to_next).SayAsync(request, CallOptions::From(context));
    if (!reply.ok()) co_return reply.status();
    EXPECT_GT(context.TimeRemaining(), absl::ZeroDuration());
    co_return MakeText(absl::StrCat(request.text(), " ", reply->text()));
  };
  RunningServer server(Connect("server"), service, {.workers = 1});
  Channel channel(Connect("client"));
  std::vector<Call<Text>> calls;
  for (size_t i = 0; i < kCalls; ++i) {
    calls.push_back(Echo::Stub(channel).SayAsync(MakeText(absl::StrCat(i))));
  }

  EXPECT_TRUE(events.WaitForCount(kCalls));
  gate.Open();

  Outcomes<Text> outcomes = Gather(std::move(calls)).Wait();
  EXPECT_THAT(outcomes.status, IsOk());
  for (size_t i = 0; i < outcomes.results.size(); ++i) {
    EXPECT_EQ(outcomes.results[i]->text(), absl::StrCat(i, " ", i));
  }
}

TEST(ServiceStylesTest, OptionsOfTheProtoApplyToEach) {
  FakeEcho service;
  FakeAsyncEcho async_service;
  FakeCoEcho co_service;
  for (Service* any : std::initializer_list<Service*>{&service, &async_service, &co_service}) {
    ServiceDescriptor descriptor = any->mqrpc_descriptor();
    EXPECT_EQ(descriptor.name, "mqrpc.tests.Echo");
    ASSERT_THAT(descriptor.methods, SizeIs(3));
    EXPECT_EQ(descriptor.methods[0].method.name, "Say");
    EXPECT_EQ(descriptor.methods[0].method.runs_on, RunsOn::kWorker);
    EXPECT_EQ(descriptor.methods[2].method.name, "Ping");
    EXPECT_EQ(descriptor.methods[2].method.runs_on, RunsOn::kConnection);
  }
}

template <class Style>
class AnyStyleTest : public VirtualServerTest<Style> {};

using Styles = ::testing::Types<FakeEcho, FakeAsyncEcho, FakeCoEcho>;
TYPED_TEST_SUITE(AnyStyleTest, Styles);

TYPED_TEST(AnyStyleTest, ARequestThatDoesNotParseIsNotRun) {
  this->Start();
  this->client_.Publish(
      {.topic = "mqrpc/services/mqrpc.tests.Echo/Say",
       .payload = "\xff",
       .response_topic = "answers/here"});
  ASSERT_THAT(this->client_.received(), SizeIs(1));
  mqrpc::Status envelope;
  ASSERT_TRUE(envelope.ParseFromString(this->client_.received()[0].payload));
  EXPECT_EQ(envelope.code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(envelope.message(), HasSubstr("mqrpc.tests.Text"));
}

// In virtual time and without workers: a thousand of them wait, in one thread.
using CoServiceTest = VirtualServerTest<FakeCoEcho>;

TEST_F(CoServiceTest, AThousandCallsAreUnderWayOnOneThread) {
  constexpr size_t kCalls = 1'000;
  Peer next = network_.MakePeer("next");
  next.Subscribe("next/services/mqrpc.tests.Echo/+");
  std::unique_ptr<Transport> to_next = network_.Connect("to next");
  Channel channel(*to_next, {.prefix = "next", .executor = &network_.loop});
  service_.say = [&](ServerContext&, Text request) -> Task<absl::StatusOr<Text>> {
    co_return co_await Echo::Stub(channel).SayAsync(request);
  };
  Start();

  for (size_t i = 0; i < kCalls; ++i) {
    client_.Publish(
        {.topic = "mqrpc/services/mqrpc.tests.Echo/Say",
         .payload = MakeText(absl::StrCat(i)).SerializeAsString(),
         .response_topic = "answers/here",
         .correlation_data = absl::StrCat(i)});
  }
  EXPECT_THAT(next.received(), SizeIs(kCalls));
  EXPECT_EQ(server_->stats().calls_running, kCalls);
  for (size_t i = kCalls; i-- > 0;) {
    const Message& request = next.received()[i];
    next.Publish(
        {.topic = *request.response_topic,
         .payload = request.payload,
         .correlation_data = request.correlation_data});
  }

  ASSERT_THAT(client_.received(), SizeIs(kCalls));
  for (const Message& reply : client_.received()) {
    EXPECT_EQ(reply.payload, MakeText(*reply.correlation_data).SerializeAsString());
  }
}

}  // namespace
}  // namespace mqrpc::tests

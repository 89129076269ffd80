// Interceptors of channels and servers, in real time, over every medium.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "log_events.h"
#include "media.h"
#include "mqrpc/call_log.h"
#include "mqrpc/call_metrics.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

using Code = absl::StatusCode;

using RpcInterceptorTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcInterceptorTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

struct FakeClientInterceptor final : ClientInterceptor {
  using Function = std::function<void(OutgoingCall&)>;
  explicit FakeClientInterceptor(Function function) : intercept(std::move(function)) {}
  void Intercept(OutgoingCall& call) override { intercept(call); }
  const Function intercept;
};

struct FakeServerInterceptor final : ServerInterceptor {
  using Function = std::function<void(IncomingCall&)>;
  explicit FakeServerInterceptor(Function function) : intercept(std::move(function)) {}
  void Intercept(IncomingCall& call) override { intercept(call); }
  const Function intercept;
};

TEST_P(RpcInterceptorTest, TheFirstIsTheOutermost) {
  Events events;
  EventLog<std::string> log(events);
  auto note = [&log](const std::string& name) {
    return [&log, name](auto& call) {
      log.Add(name);
      call.AtEnd([&log, name](CallEnd&) { log.Add(name + " sees the end"); });
    };
  };
  FakeClientInterceptor first(note("first")), second(note("second"));
  FakeServerInterceptor third(note("third")), fourth(note("fourth"));
  FakeEcho service;
  service.say = [&log](ServerContext&, const Text& request) {
    log.Add("handler");
    return request;
  };
  RunningServer server(Connect("server"), service, {.interceptors = {&third, &fourth}});
  Channel channel(Connect("client"), {.interceptors = {&first, &second}});

  EXPECT_THAT(Echo::Stub(channel).Say(MakeText("hello")), IsOk());

  EXPECT_THAT(
      log.Items(),
      ElementsAre(
          "first",
          "second",
          "third",
          "fourth",
          "handler",
          "fourth sees the end",
          "third sees the end",
          "second sees the end",
          "first sees the end"));
}

TEST_P(RpcInterceptorTest, ChangesWhatGoesAndWhatComesBack) {
  FakeClientInterceptor client([](OutgoingCall& call) {
    EXPECT_EQ(call.method().name, "Say");
    EXPECT_EQ(call.request(), MakeText("hello").SerializeAsString());
    call.options().headers.Add("token", "secret");
    call.options().timeout = absl::Seconds(20);
    call.AtEnd([](CallEnd& end) {
      EXPECT_THAT(end.metadata.trailers, ElementsAre(Pair("cost", "7")));
      end.metadata.trailers = {{"price", "8"}};
      end.result = MakeText(*end.result == "" ? "" : "better").SerializeAsString();
    });
  });
  FakeServerInterceptor guard([](IncomingCall& call) {
    EXPECT_EQ(call.request(), MakeText("hello").SerializeAsString());
    EXPECT_THAT(call.headers(), ElementsAre(Pair("token", "secret")));
    EXPECT_LE(call.context().TimeRemaining(), absl::Seconds(20));
    call.headers() = {{"user", "me"}};
    call.LimitTime(absl::Seconds(10));
    call.AtEnd([](CallEnd& end) { end.metadata.trailers.Add("cost", "7"); });
  });
  FakeEcho service;
  service.say = [](ServerContext& context, const Text& request) {
    EXPECT_THAT(context.headers(), ElementsAre(Pair("user", "me")));
    EXPECT_LE(context.TimeRemaining(), absl::Seconds(10));
    return request;
  };
  RunningServer server(Connect("server"), service, {.interceptors = {&guard}});
  Channel channel(Connect("client"), {.interceptors = {&client}});
  auto metadata = std::make_shared<ReplyMetadata>();

  auto reply = Echo::Stub(channel).Say(MakeText("hello"), {.reply_metadata = metadata});

  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "better");
  EXPECT_THAT(metadata->trailers, ElementsAre(Pair("price", "8")));
}

TEST_P(RpcInterceptorTest, AClientsMayAnswerInsteadOfTheServer) {
  FakeClientInterceptor outer([](OutgoingCall& call) {
    call.AtEnd([](CallEnd& end) {
      if (!end.result.ok()) end.result = absl::AbortedError(end.result.status().message());
    });
  });
  FakeClientInterceptor cache([](OutgoingCall& call) {
    if (call.method().name == "Say") call.Answer(call.request());
    if (call.method().name == "Ask") call.Answer(absl::DataLossError("forgotten"));
  });
  FakeClientInterceptor inner([](OutgoingCall& call) { EXPECT_EQ(call.method().name, "Ping"); });
  FakeEcho service;
  service.ping = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.interceptors = {&outer, &cache, &inner}});
  Echo::Stub echo(channel);

  auto reply = echo.Say(MakeText("hello"));
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "hello");
  EXPECT_THAT(echo.AskAsync(Text()).Wait(), StatusIs(Code::kAborted, "forgotten"));
  EXPECT_EQ(server->stats().calls_received, 0u);
  EXPECT_THAT(echo.Ping(Text()), IsOk());
}

TEST_P(RpcInterceptorTest, AServersMayAnswerInsteadOfTheHandler) {
  FakeServerInterceptor guard([](IncomingCall& call) {
    if (call.headers().Find("token") == nullptr) {
      call.Answer(absl::UnauthenticatedError("who are you?"));
    }
  });
  FakeEcho service;
  service.say = SayTheSame;
  service.ping = SayTheSame;
  RunningServer server(Connect("server"), service, {.interceptors = {&guard}});
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);

  EXPECT_THAT(echo.Say(Text()), StatusIs(Code::kUnauthenticated, "who are you?"));
  EXPECT_THAT(echo.Ping(Text()), StatusIs(Code::kUnauthenticated, "who are you?"));
  EXPECT_THAT(echo.Say(Text(), {.headers = {{"token", "x"}}}), IsOk());
}

TEST_P(RpcInterceptorTest, SeesCallsThatAreRefusedByTheChannel) {
  std::vector<absl::Status> ends;
  FakeClientInterceptor watch([&ends](OutgoingCall& call) {
    call.AtEnd([&ends](CallEnd& end) { ends.push_back(end.result.status()); });
  });
  Channel channel(Connect("client"), {.max_message_size = 3, .interceptors = {&watch}});
  Echo::Stub echo(channel);

  EXPECT_THAT(echo.Say(MakeText("hello")), StatusIs(Code::kResourceExhausted, _));
  EXPECT_THAT(
      echo.Say(Text(), {.timeout = absl::ZeroDuration()}),
      StatusIs(Code::kInvalidArgument, _));
  EXPECT_THAT(echo.Say(Text()), StatusIs(Code::kUnavailable, _));

  EXPECT_THAT(
      ends,
      ElementsAre(
          StatusIs(Code::kResourceExhausted, _),
          StatusIs(Code::kInvalidArgument, _),
          StatusIs(Code::kUnavailable, _)));
}

TEST_P(RpcInterceptorTest, OneThatThrowsIsAHandlerThatThrows) {
  FakeServerInterceptor broken([](IncomingCall&) { throw std::runtime_error("oh"); });
  LogEvents log;
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service, {.interceptors = {&broken}, .log = log.Sink()});
  Channel channel(Connect("client"));

  EXPECT_THAT(Echo::Stub(channel).Say(Text()), StatusIs(Code::kInternal, _));
  EXPECT_TRUE(log.WaitFor("threw: oh"));
}

TEST_P(RpcInterceptorTest, ALogHasALineForEachCall) {
  LogEvents client_lines, server_lines;
  CallLog client_log(client_lines.Sink()), server_log(server_lines.Sink());
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service, {.interceptors = {&server_log}});
  Channel channel(Connect("client"), {.interceptors = {&client_log}});

  EXPECT_THAT(Echo::Stub(channel).Say(MakeText("hello")), IsOk());
  EXPECT_THAT(Echo::Stub(channel).Ask(MakeText("hello")), StatusIs(Code::kUnimplemented, _));

  for (LogEvents* lines : {&client_lines, &server_lines}) {
    EXPECT_TRUE(lines->WaitFor("mqrpc.tests.Echo/Say OK after "));
    EXPECT_TRUE(lines->WaitFor(" (7 bytes, answered with 7)"));
    EXPECT_TRUE(lines->WaitFor("mqrpc.tests.Echo/Ask UNIMPLEMENTED: "));
  }
}

TEST_P(RpcInterceptorTest, MetricsAreOfEachMethod) {
  CallMetrics called, served;
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service, {.interceptors = {&served}});
  Channel channel(Connect("client"), {.interceptors = {&called}});
  EXPECT_THAT(called.Snapshot(), IsEmpty());

  for (int i = 0; i < 3; ++i) EXPECT_THAT(Echo::Stub(channel).Say(MakeText("hello")), IsOk());
  EXPECT_THAT(Echo::Stub(channel).Ask(MakeText("hello")), StatusIs(Code::kUnimplemented, _));

  for (const CallMetrics* metrics : {&called, &served}) {
    std::vector<MethodMetrics> methods = metrics->Snapshot();
    ASSERT_THAT(methods, SizeIs(2));
    EXPECT_EQ(methods[0].method, "mqrpc.tests.Echo/Ask");
    EXPECT_EQ(methods[0].outcomes[static_cast<size_t>(Code::kUnimplemented)], 1u);
    EXPECT_EQ(methods[1].method, "mqrpc.tests.Echo/Say");
    EXPECT_EQ(methods[1].outcomes[0], 3u);
    EXPECT_EQ(methods[1].latency.count(), 3u);
    EXPECT_EQ(methods[1].request_bytes, 21u);
    EXPECT_EQ(methods[1].reply_bytes, 21u);
    EXPECT_EQ(methods[1].calls_in_progress, 0u);
  }
}

}  // namespace
}  // namespace mqrpc::tests

// Where calls go that do not go where all do: prefixes, and topics of methods' own, over every
// medium.

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "log_events.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"
#include "text.h"
#include "topics.mqrpc.pb.h"

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Code = absl::StatusCode;
using internal::View;

using RpcTopicTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcTopicTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

// Answers what its context says of its topic.
struct ContextValve final : Valve::Service {
  absl::StatusOr<ValveReply> Open(ServerContext& context, const ValveRequest&) override {
    return Say(absl::StrCat(View(context.prefix()), " ", View(context.topic_token("plant"))));
  }
  absl::StatusOr<ValveReply> Turn(ServerContext& context, const ValveRequest& request) override {
    if (!request.text().empty()) return Say(std::string(200, 'x'));
    return Say(absl::StrCat(
        View(context.topic_token("request.valve.number")),
        " ",
        View(context.topic_token("kind")),
        View(context.topic_token("nothing"))));
  }
  static ValveReply Say(std::string text) {
    ValveReply reply;
    reply.set_text(std::move(text));
    return reply;
  }
};

ValveRequest Numbered(int number) {
  ValveRequest request;
  request.mutable_valve()->set_number(number);
  return request;
}

TEST_P(RpcTopicTest, OneServerServesManyTenants) {
  FakeEcho service;
  service.say = [](ServerContext& context, const Text&) -> absl::StatusOr<Text> {
    return MakeText(std::string(context.prefix()));
  };
  RunningServer server(
      Connect("server"),
      service,
      {.prefixes = {"tenants/acme", "tenants/other"}, .instances = {"shared"}});
  for (std::string tenant : {"tenants/acme", "tenants/other"}) {
    Channel channel(Connect(absl::StrCat("of ", tenant.substr(8))), {.prefix = tenant});
    Echo::Stub echo(channel);
    EXPECT_EQ(echo.Say(Text())->text(), tenant);
    EXPECT_EQ(echo.Say(Text(), {.instance = "shared"})->text(), tenant);
  }
  Channel nobodys(Connect("nobodys"));
  EXPECT_THAT(Echo::Stub(nobodys).Say(Text()), StatusIs(Code::kUnavailable, _));
}

TEST_P(RpcTopicTest, RepliesMayHaveAPrefixOfTheirOwn) {
  std::string asked_at;
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(
      Connect("server"),
      service,
      {.prefixes = {"services-of/acme"}, .reply_prefixes = {"private/me"}});
  Channel channel(Connect("client"), {.prefix = "services-of/acme", .reply_prefix = "private/me"});
  EXPECT_THAT(Echo::Stub(channel).Say(Text()), IsOk());
}

TEST_P(RpcTopicTest, AServiceMayHaveATopic) {
  ContextValve service;
  RunningServer server(Connect("server"), service, {.prefixes = {"a", "b"}});
  Channel channel(Connect("client"), {.prefix = "b", .topic_tokens = {{"plant", "north"}}});
  Valve::Stub valve(channel);

  EXPECT_EQ(valve.Open({})->text(), "b north");
  EXPECT_EQ(valve.Open({}, {.topic_tokens = {{"plant", "south"}}})->text(), "b south");
  EXPECT_THAT(
      valve.Open({}, {.topic_tokens = {{"plant", "south/east"}}}),
      StatusIs(Code::kInvalidArgument, HasSubstr("{plant}")));
}

TEST_P(RpcTopicTest, AServerMayServeOneOfMany) {
  ContextValve north, south;
  RunningServer northern(
      Connect("northern"),
      north,
      {.instances = {"north"}, .topic_tokens = {{"plant", "north"}, {"kind", "ball"}}});
  Channel channel(Connect("client"), {.topic_tokens = {{"plant", "north"}, {"kind", "ball"}}});
  Valve::Stub valve(channel);

  EXPECT_THAT(valve.Open({}), IsOk());
  EXPECT_THAT(valve.Turn({}), IsOk());
  EXPECT_THAT(
      valve.Open({}, {.topic_tokens = {{"plant", "south"}}}),
      StatusIs(Code::kUnavailable, HasSubstr("mqrpc/plants/south/Open")));
  EXPECT_EQ(valve.Open({}, {.instance = "north"})->text(), "mqrpc ");
}

TEST_P(RpcTopicTest, ATokenMayBeAFieldOfTheRequest) {
  ContextValve service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Valve::Stub valve(channel);
  CallOptions ball = {.topic_tokens = {{"kind", "ball"}}};

  EXPECT_EQ(valve.Turn(Numbered(7), ball)->text(), "7 ball");
  EXPECT_EQ(valve.TurnAsync(Numbered(-8), ball).Wait()->text(), "-8 ball");
  EXPECT_THAT(valve.TurnNotify(Numbered(9), ball).Wait(), IsOk());
  EXPECT_THAT(
      valve.Turn(Numbered(7)),
      StatusIs(
          Code::kInvalidArgument,
          AllOf(HasSubstr("{kind}"), HasSubstr("ChannelOptions::topic_tokens"))));
}

// Who may publish to one topic need not be allowed to turn another valve.
TEST_P(RpcTopicTest, ARequestThatSaysAnotherFieldIsRefused) {
  ContextValve service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Method forged = {"mqrpc.tests.Valve", "Turn"};
  forged.topic = "valves/1/ball/turn";
  EXPECT_THAT(
      channel.StartAndWait<ValveReply>(forged, Numbered(7)),
      StatusIs(Code::kInvalidArgument, HasSubstr("valve.number is \"7\" in the request")));
}

TEST_P(RpcTopicTest, AMethodWithATopicIsNotServedElsewhere) {
  ContextValve service;
  FakeEcho echo;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Method plain = {"mqrpc.tests.Valve", "Turn"};
  EXPECT_THAT(
      channel.StartAndWait<ValveReply>(plain, Numbered(7)),
      StatusIs(Code::kUnavailable, _));
}

TEST_P(RpcTopicTest, AMethodMayBoundItsMessages) {
  ContextValve service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.topic_tokens = {{"kind", "ball"}}});
  ValveRequest request;
  request.set_text("much");
  EXPECT_THAT(
      Valve::Stub(channel).Turn(request),
      StatusIs(Code::kResourceExhausted, HasSubstr("(mqrpc.max_message_size) (100): the reply")));
  request.set_text(std::string(100, 'x'));
  EXPECT_THAT(
      Valve::Stub(channel).Turn(request),
      StatusIs(Code::kResourceExhausted, HasSubstr("(mqrpc.max_message_size) (100): the request")));
}

struct TopicService final : Service {
  TopicService(std::string_view service, std::string_view topic) : service(service), topic(topic) {}
  ServiceDescriptor mqrpc_descriptor() override {
    return {std::string(service), {{{.name = "Do", .topic = topic}, [](auto) {}}}};
  }
  std::string_view service, topic;
};

TEST_P(RpcTopicTest, OverlappingTopicsAreRefused) {
  Server server(Connect("server"));
  TopicService one("One", "a/{b}"), other("Other", "{a}/b"), own("Own", "{prefix}/services/x");
  TopicService wrong("Wrong", "a/#"), apart("Apart", "a/b/{c}");
  EXPECT_THAT(server.Register(one), IsOk());
  EXPECT_THAT(
      server.Register(other),
      StatusIs(Code::kInvalidArgument, AllOf(HasSubstr("One/Do"), HasSubstr("Other/Do"))));
  EXPECT_THAT(server.Register(own), StatusIs(Code::kInvalidArgument, HasSubstr("mqrpc/services")));
  EXPECT_THAT(server.Register(wrong), StatusIs(Code::kInvalidArgument, HasSubstr("a/#")));
  EXPECT_THAT(server.Register(apart), IsOk());
}

// A reply published there would run a call with the server's rights.
TEST_P(RpcTopicTest, NoReplyGoesWhereRequestsAreServed) {
  LogEvents log;
  ContextValve service;
  RunningServer server(Connect("server"), service, {.log = log.Sink()});
  Transport& attacker = Connect("attacker");
  attacker.loop().Post([&attacker] {
    Message request = {.topic = "valves/1/ball/turn", .response_topic = "mqrpc/plants/north/Open"};
    attacker.Publish([request] { return request; }, [](const auto&) {});
  });
  EXPECT_TRUE(log.WaitFor("\"mqrpc/plants/north/Open\" is where requests are served"));
  EXPECT_EQ(server->stats().unsafe_response_topics, 1u);
}

}  // namespace
}  // namespace mqrpc::tests

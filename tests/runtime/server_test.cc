// The server's end of calls, against raw requests that a test publishes: in virtual time, with
// handlers that run inline. What needs workers is at the end, in real time.

#include "mqrpc/server.h"

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/status.pb.h"
#include "mqrpc/status_details.h"
#include "status_matchers.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A service as its generated code would describe it, but with handlers of bytes.
struct ByteService final : Service {
  explicit ByteService(ServiceDescriptor described) : descriptor(std::move(described)) {}
  ServiceDescriptor mqrpc_descriptor() override { return descriptor; }

  ServiceDescriptor descriptor;
};

// The envelope that an error reply carries.
mqrpc::Status EnvelopeOf(const Message& reply) {
  mqrpc::Status envelope;
  EXPECT_TRUE(envelope.ParseFromString(reply.payload));
  return envelope;
}

MATCHER_P3(IsErrorWith, code, message, properties, "") {
  mqrpc::Status envelope = EnvelopeOf(arg);
  *result_listener << envelope.ShortDebugString() << " ";
  return arg.user_properties == properties && envelope.code() == static_cast<int>(code) &&
         ::testing::ExplainMatchResult(message, envelope.message(), result_listener);
}

using UserProperties = std::vector<std::pair<std::string, std::string>>;

auto IsError(absl::StatusCode code, ::testing::Matcher<std::string> message) {
  std::string number = absl::StrCat(static_cast<int>(code));
  return IsErrorWith(code, message, UserProperties{{"mqrpc-status", number}});
}

// An error of a request that no handler has had.
auto IsRefusal(absl::StatusCode code, ::testing::Matcher<std::string> message) {
  std::string number = absl::StrCat(static_cast<int>(code));
  return IsErrorWith(
      code,
      message,
      UserProperties{{"mqrpc-status", number}, {"mqrpc-refused", "1"}});
}

class ServerTest : public VirtualServerTest<FakeEcho> {
 protected:
  ServerTest() {
    service_.say = [this](ServerContext& context, const Text& request) {
      ++runs_;
      EXPECT_EQ(context.method(), "mqrpc.tests.Echo/Say");
      return absl::StatusOr<Text>(request);
    };
  }

  static Message Request() {
    return {
        .topic = "mqrpc/services/mqrpc.tests.Echo/Say",
        .payload = MakeText("hello").SerializeAsString(),
        .response_topic = "answers/here",
        .correlation_data = "7"};
  }

  // The reply to a request; the test fails if none comes, or more than one.
  Message Ask(Message request) {
    size_t before = client_.received().size();
    client_.Publish(std::move(request));
    EXPECT_EQ(client_.received().size(), before + 1);
    return client_.received().size() > before ? client_.received().back() : Message();
  }

  // Publishes a request that nobody answers.
  void AskInVain(Message request) {
    size_t before = client_.received().size();
    client_.Publish(std::move(request));
    EXPECT_EQ(client_.received().size(), before);
  }

  int runs_ = 0;
};

TEST_F(ServerTest, AReplyCarriesThePayloadAndNothingThatIsNotNeeded) {
  Start();
  Message reply = Ask(Request());

  EXPECT_EQ(reply.topic, "answers/here");
  EXPECT_EQ(reply.payload, MakeText("hello").SerializeAsString());
  EXPECT_EQ(reply.correlation_data, "7");
  EXPECT_FALSE(reply.retain);
  EXPECT_EQ(reply.response_topic, std::nullopt);
  EXPECT_EQ(reply.content_type, std::nullopt);
  EXPECT_EQ(reply.expiry_seconds, std::nullopt);
  EXPECT_THAT(reply.user_properties, IsEmpty());
  EXPECT_EQ(server_->stats().calls_received, 1u);
  EXPECT_EQ(server_->stats().calls_answered, 1u);
}

TEST_F(ServerTest, TheQosOfTheReplyIsThatOfTheRequest) {
  Start();
  for (QoS qos : {QoS::kAtMostOnce, QoS::kAtLeastOnce, QoS::kExactlyOnce}) {
    Message request = Request();
    request.qos = qos;
    EXPECT_EQ(Ask(request).qos, qos);
  }
}

TEST_F(ServerTest, CorrelationDataComesBackByteForByte) {
  Start();
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));
  for (const std::string& correlation : {std::string(), all_bytes, std::string(65535, '\xff')}) {
    Message request = Request();
    request.correlation_data = correlation;
    EXPECT_TRUE(Ask(request).correlation_data == correlation) << correlation.size();
  }
}

TEST_F(ServerTest, WithoutCorrelationDataThereIsNoneInTheReply) {
  Start();
  Message request = Request();
  request.correlation_data = std::nullopt;

  EXPECT_EQ(Ask(request).correlation_data, std::nullopt);
}

TEST_F(ServerTest, WithoutCorrelationDataEachRequestRuns) {
  Start();
  Message request = Request();
  request.correlation_data = std::nullopt;
  Ask(request);
  Ask(request);
  EXPECT_EQ(runs_, 2);
}

TEST_F(ServerTest, TheContentTypeOfProtobufComesBack) {
  Start();
  Message request = Request();
  request.content_type = "application/protobuf";

  EXPECT_EQ(Ask(request).content_type, "application/protobuf");
}

TEST_F(ServerTest, AnotherContentTypeIsRefusedUnrun) {
  Start();
  for (const char* type : {"application/xml", "x", "APPLICATION/PROTOBUF"}) {
    Message request = Request();
    request.content_type = type;
    EXPECT_THAT(
        Ask(request),
        IsRefusal(
            absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("content type"), HasSubstr(absl::StrCat("\"", type, "\"")))));
  }
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(server_->stats().calls_refused, 3u);
}

TEST_F(ServerTest, AnUnknownMethodIsUnimplemented) {
  Start();
  Message request = Request();
  request.topic = "mqrpc/services/mqrpc.tests.Echo/Shout";

  EXPECT_THAT(
      Ask(request),
      IsRefusal(
          absl::StatusCode::kUnimplemented,
          AllOf(HasSubstr("mqrpc.tests.Echo"), HasSubstr("Shout"))));
  EXPECT_EQ(server_->stats().calls_refused, 1u);
}

TEST_F(ServerTest, AMethodWithoutANameIsUnimplemented) {
  Start();
  Message request = Request();
  request.topic = "mqrpc/services/mqrpc.tests.Echo/";

  EXPECT_THAT(
      Ask(request),
      IsRefusal(absl::StatusCode::kUnimplemented, HasSubstr("mqrpc.tests.Echo")));
}

TEST_F(ServerTest, BytesThatDoNotParseAreAnInvalidArgument) {
  Start();
  Message request = Request();
  request.payload = "\xff\xff\xff";

  EXPECT_THAT(
      Ask(request),
      IsError(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr("3 bytes"), HasSubstr("mqrpc.tests.Text"))));
  EXPECT_EQ(runs_, 0);
}

TEST_F(ServerTest, BytesThatDoNotParseAreLoggedWhereNobodyWaitsForAnAnswer) {
  Start();
  Message request = Request();
  request.payload = "\xff\xff\xff";
  request.response_topic = std::nullopt;
  client_.Publish(request);

  EXPECT_EQ(network_.log.Count("3 bytes that do not parse"), 1u);
}

TEST_F(ServerTest, ARefusalIsLoggedWhereNobodyWaitsForAnAnswer) {
  Start();
  Message request = Request();
  request.topic = "mqrpc/services/mqrpc.tests.Echo/Shout";
  request.response_topic = std::nullopt;
  client_.Publish(request);

  EXPECT_EQ(network_.log.Count("Shout"), 1u);
}

TEST_F(ServerTest, AnExceptionIsInternalAndLogged) {
  service_.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    throw std::runtime_error("out of cheese");
  };
  Start();

  EXPECT_THAT(
      Ask(Request()),
      IsError(absl::StatusCode::kInternal, HasSubstr("mqrpc.tests.Echo/Say")));
  EXPECT_EQ(network_.log.CountErrors("mqrpc.tests.Echo/Say threw: out of cheese"), 1u);
}

TEST_F(ServerTest, SomethingElseThatIsThrownIsInternalToo) {
  service_.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> { throw 42; };
  Start();

  EXPECT_THAT(
      Ask(Request()),
      IsError(absl::StatusCode::kInternal, HasSubstr("mqrpc.tests.Echo/Say")));
  EXPECT_EQ(network_.log.CountErrors("mqrpc.tests.Echo/Say threw something"), 1u);
}

TEST_F(ServerTest, AfterAnExceptionTheServerGoesOn) {
  service_.ask = [](ServerContext&, const Text&) -> absl::StatusOr<Text> { throw 42; };
  Start();
  Message request = Request();
  request.topic = "mqrpc/services/mqrpc.tests.Echo/Ask";
  request.correlation_data = "6";
  Ask(request);

  EXPECT_THAT(Ask(Request()).user_properties, IsEmpty());
}

TEST_F(ServerTest, AnErrorIsAnEnvelopeWithItsDetails) {
  Reason reason;
  reason.set_number(3);
  service_.say = [&reason](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    absl::Status status = absl::NotFoundError("no such thing");
    AddDetail(status, reason);
    return status;
  };
  Start();
  Message reply = Ask(Request());

  ASSERT_THAT(reply, IsError(absl::StatusCode::kNotFound, "no such thing"));
  EXPECT_EQ(reply.correlation_data, "7");
  mqrpc::Status envelope = EnvelopeOf(reply);
  ASSERT_EQ(envelope.details_size(), 1);
  EXPECT_EQ(envelope.details(0).type_url(), "type.googleapis.com/mqrpc.tests.Reason");
  EXPECT_EQ(envelope.details(0).value(), reason.SerializeAsString());
}

TEST_F(ServerTest, AMessageThatIsNotUtf8IsEscaped) {
  service_.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    return absl::NotFoundError("\xff!");
  };
  Start();

  EXPECT_THAT(Ask(Request()), IsError(absl::StatusCode::kNotFound, "\\xff!"));
}

TEST_F(ServerTest, FireAndForgetRunsAndAnswersNothing) {
  client_.Subscribe("#");
  service_.say = [this](ServerContext& context, const Text& request) {
    ++runs_;
    EXPECT_FALSE(context.wants_reply());
    return absl::StatusOr<Text>(request);
  };
  Start();
  Message request = Request();
  request.response_topic = std::nullopt;
  client_.Publish(request);

  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(client_.received().size(), 1u);  // its own request
  EXPECT_EQ(server_->stats().calls_answered, 0u);
}

TEST_F(ServerTest, ARequestThatWantsAReplySaysSo) {
  service_.say = [](ServerContext& context, const Text& request) {
    EXPECT_TRUE(context.wants_reply());
    return absl::StatusOr<Text>(request);
  };
  Start();
  Ask(Request());
}

TEST_F(ServerTest, ARetainedRequestDoesNotRun) {
  Start();
  Message request = Request();
  request.retain = true;

  AskInVain(request);
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(server_->stats().retained_requests, 1u);
  EXPECT_EQ(network_.log.Count("retained"), 1u);
}

class UnsafeResponseTopicTest : public ServerTest,
                                public ::testing::WithParamInterface<const char*> {};

TEST_P(UnsafeResponseTopicTest, IsNeitherRunNorAnswered) {
  client_.Subscribe("mqrpc/#");
  Start();
  Message request = Request();
  request.response_topic = GetParam();
  // Past the checks of the in-process broker, as a broker that checks less would let it.
  Peer spy = network_.MakePeer("spy");
  spy.Subscribe("#");
  client_.Publish(request);

  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(server_->stats().calls_received, 1u);
  EXPECT_EQ(server_->stats().unsafe_response_topics, 1u);
  EXPECT_EQ(server_->stats().calls_answered, 0u);
  EXPECT_EQ(network_.log.Count("response topic"), 1u);
  EXPECT_EQ(spy.received().size(), 1u);  // the request
}

INSTANTIATE_TEST_SUITE_P(
    Topics,
    UnsafeResponseTopicTest,
    ::testing::Values(
        "mqrpc/services/mqrpc.tests.Echo/Say",
        "mqrpc/services/other.Service/Do",
        "mqrpc/instances/one/mqrpc.tests.Echo/Say",
        "mqrpc/broadcast/mqrpc.tests.Echo/Say",
        "mqrpc/cancels/mqrpc.tests.Echo",
        "$SYS/broker",
        "$share/mqrpc/x",
        "$"));

TEST_F(ServerTest, TheRequestTreesAreThoseOfTheServersOwnPrefix) {
  Start({.prefixes = {"tenants/acme"}});
  Message request = Request();
  request.topic = "tenants/acme/services/mqrpc.tests.Echo/Say";
  Ask(request);

  request.response_topic = "tenants/acme/services/mqrpc.tests.Echo/Say";
  AskInVain(request);
  EXPECT_EQ(server_->stats().unsafe_response_topics, 1u);
}

TEST_F(ServerTest, WithReplyPrefixesOthersAreRefused) {
  client_.Subscribe("#");
  Start({.reply_prefixes = {"acme", "answers/here"}});
  auto runs_with = [this](const char* response_topic) {
    int before = runs_;
    Message request = Request();
    request.response_topic = response_topic;
    client_.Publish(request);
    return runs_ > before;
  };
  EXPECT_TRUE(runs_with("acme"));
  EXPECT_TRUE(runs_with("acme/anything/below"));
  EXPECT_TRUE(runs_with("answers/here"));
  EXPECT_FALSE(runs_with("acmeandmore"));
  EXPECT_FALSE(runs_with("answers"));
  EXPECT_FALSE(runs_with("answers/here2"));
  EXPECT_FALSE(runs_with("x/acme"));
  EXPECT_EQ(server_->stats().unsafe_response_topics, 4u);
  EXPECT_EQ(network_.log.Count("reply_prefixes"), 4u);
}

TEST_F(ServerTest, AReplyToNobodyIsCountedAsLost) {
  Start();
  Message request = Request();
  request.response_topic = "nobody/here";
  client_.Publish(request);

  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(server_->stats().replies_lost, 1u);
}

TEST_F(ServerTest, TheTimeRemainingIsTheSmallerOfExpiryAndTimeout) {
  absl::Duration remaining;
  service_.say = [&remaining](ServerContext& context, const Text& request) {
    remaining = context.TimeRemaining();
    return absl::StatusOr<Text>(request);
  };
  Start();
  auto remaining_with = [&](std::optional<uint32_t> expiry, std::optional<std::string> timeout) {
    Message request = Request();
    request.correlation_data = std::nullopt;
    request.expiry_seconds = expiry;
    if (timeout.has_value()) request.user_properties.emplace_back("mqrpc-timeout", *timeout);
    Ask(request);
    return remaining;
  };
  EXPECT_EQ(remaining_with(2, "1500"), absl::Milliseconds(1500));
  EXPECT_EQ(remaining_with(1, "1500"), absl::Seconds(1));
  EXPECT_EQ(remaining_with(7, std::nullopt), absl::Seconds(7));
  EXPECT_EQ(remaining_with(std::nullopt, "7"), absl::Milliseconds(7));
  EXPECT_EQ(remaining_with(std::nullopt, std::nullopt), absl::InfiniteDuration());
  EXPECT_EQ(remaining_with(4294967295, "2147483647"), absl::Milliseconds(2147483647));
}

TEST_F(ServerTest, TheTimeRemainingRunsOut) {
  std::unique_ptr<ServerCall> held;
  ByteService service(
      {.name = "bytes.Service",
       .methods = {{{.name = "Do"}, [&held](std::unique_ptr<ServerCall> call) {
                      held = std::move(call);
                    }}}});
  Server server(*connection_, {.workers = 0, .log = network_.log.Sink()});
  ASSERT_THAT(server.Register(service), IsOk());
  ASSERT_THAT(server.Start(), IsOk());
  client_.Publish({.topic = "mqrpc/services/bytes.Service/Do", .expiry_seconds = 5});

  EXPECT_EQ(held->context().TimeRemaining(), absl::Seconds(5));
  network_.loop.Advance(absl::Seconds(4));
  EXPECT_EQ(held->context().TimeRemaining(), absl::Seconds(1));
  network_.loop.Advance(absl::Seconds(4));
  EXPECT_EQ(held->context().TimeRemaining(), absl::ZeroDuration());
}

TEST_F(ServerTest, AWrongTimeoutIsRefusedUnrun) {
  Start();
  for (const char* timeout : {"0", "-1", "1.5", "2147483648", "1s", "0x10"}) {
    Message request = Request();
    request.user_properties = {{"mqrpc-timeout", timeout}};
    EXPECT_THAT(
        Ask(request),
        IsRefusal(
            absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("mqrpc-timeout"), HasSubstr(absl::StrCat("\"", timeout, "\"")))));
  }
  EXPECT_EQ(runs_, 0);
}

TEST_F(ServerTest, AReplyExpiresWhenNobodyWaitsForItAnyMore) {
  Start();
  Message request = Request();
  request.user_properties = {{"mqrpc-timeout", "1500"}};

  EXPECT_EQ(Ask(request).expiry_seconds, 2u);
}

TEST_F(ServerTest, AReplyAfterTheCallersTimeIsNotSent) {
  service_.say = [this](ServerContext&, const Text& request) {
    network_.loop.Advance(absl::Seconds(3));  // as time passes while a handler runs
    return absl::StatusOr<Text>(request);
  };
  Start();
  Message request = Request();
  request.expiry_seconds = 2;

  AskInVain(request);
  EXPECT_EQ(server_->stats().replies_lost, 1u);
}

TEST_F(ServerTest, ARequestWithoutTimeLeftDoesNotRun) {
  Start();
  Message request = Request();
  request.expiry_seconds = 0;

  AskInVain(request);
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(server_->stats().calls_expired, 1u);
}

TEST_F(ServerTest, AShutServerTakesNoMoreCalls) {
  Start();
  server_->Shutdown();
  network_.loop.RunUntilIdle();

  EXPECT_EQ(client_.Publish(Request()), ReasonCode::kNoMatchingSubscribers);
  EXPECT_EQ(runs_, 0);
}

// Calls whose handlers keep them, to answer later.
class HeldCallTest : public ::testing::Test {
 protected:
  HeldCallTest() {
    client_.Subscribe("answers/#");
    EXPECT_THAT(server_->Register(service_), IsOk());
    EXPECT_THAT(server_->Start(), IsOk());
    network_.loop.RunUntilIdle();
    client_.Publish(
        {.topic = "mqrpc/services/bytes.Service/Do",
         .payload = "question",
         .response_topic = "answers/here"});
  }

  VirtualNetwork network_;
  Peer client_ = network_.MakePeer("client");
  std::unique_ptr<ServerCall> held_;
  ByteService service_{
      {.name = "bytes.Service",
       .methods = {{{.name = "Do"}, [this](std::unique_ptr<ServerCall> call) {
                      held_ = std::move(call);
                    }}}}};
  std::unique_ptr<Transport> connection_ = network_.Connect("server");
  std::unique_ptr<Server> server_ = std::make_unique<Server>(
      *connection_,
      ServerOptions{.workers = 0, .log = network_.log.Sink()});
};

TEST_F(HeldCallTest, IsAnsweredWhenItIsFinished) {
  ASSERT_NE(held_, nullptr);
  EXPECT_EQ(held_->Read(), "question");
  EXPECT_EQ(held_->Read(), std::nullopt);
  held_->Write("answer");
  network_.loop.RunUntilIdle();
  EXPECT_THAT(client_.received(), IsEmpty());

  held_->Finish(absl::OkStatus());
  network_.loop.RunUntilIdle();

  ASSERT_EQ(client_.received().size(), 1u);
  EXPECT_EQ(client_.received()[0].payload, "answer");
}

TEST_F(HeldCallTest, IsAnsweredOnce) {
  held_->Finish(absl::OkStatus());
  held_->Finish(absl::NotFoundError("too late"));
  held_ = nullptr;
  network_.loop.RunUntilIdle();

  ASSERT_EQ(client_.received().size(), 1u);
  EXPECT_THAT(client_.received()[0].user_properties, IsEmpty());
}

TEST_F(HeldCallTest, AnswersAnErrorWithoutWhatWasWritten) {
  held_->Write("half an answer");
  held_->Finish(absl::NotFoundError("gone"));
  network_.loop.RunUntilIdle();

  EXPECT_THAT(client_.received()[0], IsError(absl::StatusCode::kNotFound, "gone"));
}

TEST_F(HeldCallTest, IsInternalWhenItIsDropped) {
  held_ = nullptr;
  network_.loop.RunUntilIdle();

  ASSERT_EQ(client_.received().size(), 1u);
  EXPECT_THAT(
      client_.received()[0],
      IsError(
          absl::StatusCode::kInternal,
          AllOf(HasSubstr("bytes.Service/Do"), HasSubstr("without an answer"))));
  EXPECT_EQ(network_.log.CountErrors("without an answer"), 1u);
}

TEST_F(HeldCallTest, MayBeFinishedWhenItsServerIsGone) {
  server_ = nullptr;
  connection_ = nullptr;

  held_->Finish(absl::OkStatus());
  held_ = nullptr;
  network_.loop.RunUntilIdle();

  EXPECT_THAT(client_.received(), IsEmpty());
}

TEST_F(HeldCallTest, MayBeFinishedJustBeforeItsServerGoes) {
  held_->Finish(absl::OkStatus());
  server_ = nullptr;
  connection_ = nullptr;
  network_.loop.RunUntilIdle();
}

TEST(ServerRegistrationTest, EachServiceIsRegisteredOnce) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("server");
  FakeEcho one;
  FakeEcho two;
  Server server(*connection, {.workers = 0});

  EXPECT_THAT(server.Register(one), IsOk());
  EXPECT_THAT(
      server.Register(two),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("mqrpc.tests.Echo")));
}

TEST(ServerRegistrationTest, ServicesAreRegisteredBeforeTheStart) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("server");
  FakeEcho service;
  Server server(*connection, {.workers = 0});
  ASSERT_THAT(server.Start(), IsOk());

  EXPECT_THAT(
      server.Register(service),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("started")));
}

TEST(ServerRegistrationTest, SeveralServicesAreServed) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("server");
  FakeEcho echo;
  ByteService bytes(
      {.name = "bytes.Service", .methods = {{{.name = "Do"}, [](std::unique_ptr<ServerCall> call) {
                                               call->Finish(absl::OkStatus());
                                             }}}});
  Server server(*connection, {.workers = 0});
  ASSERT_THAT(server.Register(echo), IsOk());
  ASSERT_THAT(server.Register(bytes), IsOk());
  ASSERT_THAT(server.Start(), IsOk());
  Peer client = network.MakePeer("client");
  client.Subscribe("answers");

  for (const char* method : {"mqrpc.tests.Echo/Say", "bytes.Service/Do"}) {
    client.Publish({.topic = absl::StrCat("mqrpc/services/", method), .response_topic = "answers"});
  }

  ASSERT_EQ(client.received().size(), 2u);
  EXPECT_THAT(client.received()[0].user_properties, ElementsAre(Pair("mqrpc-status", "12")));
  EXPECT_THAT(client.received()[1].user_properties, IsEmpty());
}

TEST(ServerRegistrationTest, AServerStartsOnce) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("server");
  Server server(*connection, {.workers = 0});

  EXPECT_THAT(server.Start(), IsOk());
  EXPECT_THAT(
      server.Start(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("started")));
}

TEST(ServerRegistrationTest, AServerThatWasShutDownDoesNotStart) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("server");
  Server server(*connection, {.workers = 0});
  server.Shutdown();

  EXPECT_THAT(
      server.Start(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("shut down")));
}

struct WrongOptions {
  std::string named;  // in the message
  ServerOptions options;
};

void PrintTo(const WrongOptions& wrong, std::ostream* out) { *out << wrong.named; }

class ServerOptionsTest : public ::testing::TestWithParam<WrongOptions> {};

TEST_P(ServerOptionsTest, WhatIsWrongIsNamedByStart) {
  VirtualNetwork network;
  std::unique_ptr<Transport> connection = network.Connect("server");
  Server server(*connection, GetParam().options);

  EXPECT_THAT(
      server.Start(),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          HasSubstr("ServerOptions::" + GetParam().named)));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ServerOptionsTest,
    ::testing::Values(
        WrongOptions{"prefixes", {.prefixes = {""}}},
        WrongOptions{"prefixes", {.prefixes = {"a/"}}},
        WrongOptions{"prefixes", {.prefixes = {"a/+"}}},
        WrongOptions{"prefixes", {.prefixes = {"$SYS"}}},
        WrongOptions{"group", {.group = ""}},
        WrongOptions{"group", {.group = "a/b"}},
        WrongOptions{"group", {.group = "+"}},
        WrongOptions{"group", {.group = "a\n"}},
        WrongOptions{"group", {.group = std::string(129, 'a')}},
        WrongOptions{"workers", {.workers = 1001}},
        WrongOptions{"max_running_calls", {.max_running_calls = 0}},
        WrongOptions{"max_queued_calls", {.max_queued_calls = 0}},
        WrongOptions{"reply_prefixes", {.reply_prefixes = {"fine", ""}}},
        WrongOptions{"reply_prefixes", {.reply_prefixes = {"a/#"}}}));

// One worker, which a handler keeps busy until the gate opens.
class BusyServerTest : public ::testing::Test {
 protected:
  BusyServerTest() {
    service_.say = [this](ServerContext&, const Text& request) {
      runs_.Add(request.text());
      EXPECT_TRUE(gate_.Wait());
      return absl::StatusOr<Text>(request);
    };
  }

  // Starts a call, and waits until its handler runs.
  Call<Text> Occupy(Channel& channel) {
    Call<Text> call = Echo::Stub(channel).SayAsync(MakeText("first"));
    EXPECT_TRUE(events_.WaitUntil([this] { return runs_.Size() == 1; }));
    return call;
  }

  Gate gate_;
  Events events_;
  EventLog<std::string> runs_{events_};
  FakeEcho service_;
  InProcessBroker broker_;
  std::unique_ptr<Transport> connection_ = *broker_.Connect("server");
  std::unique_ptr<Transport> client_ = *broker_.Connect("client");
};

TEST_F(BusyServerTest, TooManyBytesThatWaitForAWorkerAreToo) {
  RunningServer server(*connection_, service_, {.workers = 1, .max_queued_bytes = 100});
  Channel channel(*client_);
  Echo::Stub echo(channel);
  Call<Text> running = Occupy(channel);
  Call<Text> queued = echo.SayAsync(MakeText(std::string(80, 'x')));

  EXPECT_THAT(
      echo.Say(MakeText(std::string(80, 'y'))),
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          HasSubstr("ServerOptions::max_queued_bytes (100)")));

  gate_.Open();
  EXPECT_THAT(running.Wait(), IsOk());
  EXPECT_THAT(queued.Wait(), IsOk());
}

TEST_F(BusyServerTest, MoreCallsThanMayQueueAreRefusedNamingTheBound) {
  RunningServer server(*connection_, service_, {.workers = 1, .max_queued_calls = 2});
  Channel channel(*client_);
  Echo::Stub echo(channel);
  Call<Text> running = Occupy(channel);
  Call<Text> queued[] = {echo.SayAsync(MakeText("second")), echo.SayAsync(MakeText("third"))};

  EXPECT_THAT(
      echo.Say(MakeText("fourth")),
      StatusIs(
          absl::StatusCode::kResourceExhausted,
          HasSubstr("ServerOptions::max_queued_calls (2)")));
  EXPECT_EQ(server->stats().calls_refused, 1u);

  gate_.Open();
  EXPECT_THAT(running.Wait(), IsOk());
  for (Call<Text>& call : queued) EXPECT_THAT(call.Wait(), IsOk());
  EXPECT_EQ(runs_.Items(), (std::vector<std::string>{"first", "second", "third"}));
}

TEST_F(BusyServerTest, ACallWhoseTimePassesInTheQueueDoesNotRun) {
  RunningServer server(*connection_, service_, {.workers = 1});
  Channel channel(*client_);
  Echo::Stub echo(channel);
  Call<Text> running = Occupy(channel);
  EXPECT_THAT(
      echo.Say(MakeText("second"), {.timeout = absl::Milliseconds(20)}),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("taken by the broker")));

  gate_.Open();
  EXPECT_THAT(running.Wait(), IsOk());
  EXPECT_THAT(echo.Say(MakeText("third")), IsOk());

  EXPECT_EQ(runs_.Items(), (std::vector<std::string>{"first", "third"}));
  EXPECT_EQ(server->stats().calls_expired, 1u);
}

TEST_F(BusyServerTest, ShutdownRefusesWhatIsQueuedWhenItsGraceIsOver) {
  RunningServer server(*connection_, service_, {.workers = 1});
  Channel channel(*client_, {.retry = {.max_attempts = 1}});
  Echo::Stub echo(channel);
  Call<Text> running = Occupy(channel);
  Call<Text> queued = echo.SayAsync(MakeText("second"));

  // Answered without a worker, as long as requests come, and after those that came before.
  auto is_served = [&channel] {
    Call<Text> unknown = channel.Start<Text>({Echo::kServiceName, "Unknown"}, Text());
    return absl::IsUnimplemented(unknown.Wait().status());
  };
  EXPECT_TRUE(is_served());

  std::thread shutdown([&] { server->Shutdown(absl::ZeroDuration()); });
  while (is_served()) {
  }
  gate_.Open();
  shutdown.join();

  EXPECT_THAT(running.Wait(), IsOk());
  EXPECT_THAT(queued.Wait(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("it did not run")));
  EXPECT_EQ(runs_.Items(), std::vector<std::string>{"first"});
}

TEST_F(BusyServerTest, ShutdownRunsWhatIsQueuedAndSendsItsReplies) {
  RunningServer server(*connection_, service_, {.workers = 1});
  Channel channel(*client_);
  Echo::Stub echo(channel);
  Call<Text> running = Occupy(channel);
  Call<Text> queued = echo.SayAsync(MakeText("second"));
  // Refused without a worker: the one before it has come when this one is answered.
  EXPECT_THAT(
      channel.Start<Text>({Echo::kServiceName, "Unknown"}, Text()).Wait(),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Unknown")));

  gate_.Open();
  server->Shutdown();

  EXPECT_THAT(running.Wait(), IsOk());
  EXPECT_THAT(queued.Wait(), IsOk());
  EXPECT_EQ(server->stats().calls_answered, 3u);
  EXPECT_EQ(server->stats().replies_lost, 0u);
}

}  // namespace
}  // namespace mqrpc::tests

#include "wire.h"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/status.pb.h"
#include "status_matchers.h"
#include "wire_topics.h"

namespace mqrpc::internal::wire {
namespace {

using ::mqrpc::tests::IsOk;
using ::mqrpc::tests::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// What is encoded in remaining time only.
Message RequestWith(absl::Duration remaining) {
  return EncodeRequest("t", "r", QoS::kAtLeastOnce, {.remaining = remaining});
}

Message ReplyWith(absl::StatusOr<std::string> result) {
  return EncodeReply({.topic = "t"}, absl::InfiniteDuration(), std::move(result), Ran::kYes);
}

absl::StatusOr<std::string> ResultOf(Message message) {
  return DecodeReply(std::move(message)).result;
}

TEST(TopicsTest, AreThoseOfTheProtocol) {
  EXPECT_EQ(
      RequestTopic("tenants/acme", "acme.v1.Thermostat", "Set"),
      "tenants/acme/services/acme.v1.Thermostat/Set");
  EXPECT_EQ(ReplyTopic("mqrpc", "mqrpc-01"), "mqrpc/clients/mqrpc-01/replies");
  EXPECT_EQ(
      SharedFilter("group", ServiceFilter("tenants/acme", "acme.Thermostat")),
      "$share/group/tenants/acme/services/acme.Thermostat/+");
}

TEST(ReplyTest, AReplyThatIsOkIsNoRefusal) {
  for (const char* status : {"", "0"}) {
    Message message = {.payload = "fine", .user_properties = {{"mqrpc-refused", "1"}}};
    if (*status != '\0') message.user_properties.emplace_back("mqrpc-status", status);
    Reply reply = DecodeReply(message);
    EXPECT_THAT(reply.result, IsOk());
    EXPECT_EQ(reply.refused_attempt, std::nullopt);
  }
}

TEST(TopicsTest, TheMethodIsTheLastLevel) {
  EXPECT_EQ(MethodOf("mqrpc/services/acme.Thermostat/Set"), "Set");
  EXPECT_EQ(MethodOf("mqrpc/services/acme.Thermostat/"), "");
  EXPECT_EQ(MethodOf("Set"), "Set");
}

TEST(ReplyTopicTest, SafeOnesAreLetThrough) {
  for (const char* topic :
       {"mqrpc/clients/me/replies",
        "some/reply",
        "/",
        "x",
        "a$b",
        "a/$b",
        "mqrpc/services",
        "mqrpc/servicesandmore/x",
        "other/services/acme.Thermostat/Set",
        "xmqrpc/services/acme.Thermostat/Set",
        "Mqrpc/services/x/y"}) {
    EXPECT_THAT(CheckReplyTopic("mqrpc", topic), IsOk()) << topic;
  }
  EXPECT_THAT(CheckReplyTopic("tenants/acme", "mqrpc/services/x/y"), IsOk());
  EXPECT_THAT(CheckReplyTopic("tenants/acme", "tenants/services/x/y"), IsOk());
}

TEST(ReplyTopicTest, UnsafeOnesAreRefused) {
  for (const std::string& topic :
       {std::string(),
        std::string("+"),
        std::string("a/#"),
        std::string("a+b"),
        std::string("$SYS/x"),
        std::string("$share/mqrpc/mqrpc/services/x/+"),
        std::string("a\tb"),
        std::string("a\0b", 3),
        std::string("a\xff"),
        std::string(65536, 'a'),
        std::string("mqrpc/services/acme.Thermostat/Set"),
        std::string("mqrpc/services/"),
        std::string("mqrpc/services//"),
        std::string("mqrpc/instances/one/acme.Thermostat/Set"),
        std::string("mqrpc/broadcast/acme.Thermostat/Set"),
        std::string("mqrpc/cancels/acme.Thermostat")}) {
    EXPECT_THAT(
        CheckReplyTopic("mqrpc", topic),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("response topic")))
        << absl::CHexEscape(topic.substr(0, 80));
  }
  EXPECT_THAT(
      CheckReplyTopic("tenants/acme", "tenants/acme/services/x/y"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tenants/acme/services/")));
}

TEST(CorrelationTest, IsTwoBigEndianNumbers) {
  EXPECT_EQ(
      Correlation(0x0102030405060708, 0xf9fafbfcfdfeff00),
      std::string("\x01\x02\x03\x04\x05\x06\x07\x08\xf9\xfa\xfb\xfc\xfd\xfe\xff\x00", 16));
}

TEST(CorrelationTest, IsParsedBack) {
  for (uint64_t number : {uint64_t{0}, uint64_t{1}, uint64_t{0x8000000000000080}, UINT64_MAX}) {
    auto parsed = ParseCorrelation(Correlation(number, ~number));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->nonce, number);
    EXPECT_EQ(parsed->call, ~number);
  }
}

TEST(CorrelationTest, OfAnotherSizeIsNotOurs) {
  for (size_t size : {0, 1, 15, 17, 65535}) {
    EXPECT_EQ(ParseCorrelation(std::string(size, 'x')), std::nullopt) << size;
  }
}

TEST(RequestTest, CarriesAllOfItsFrame) {
  Message message = EncodeRequest(
      "topic",
      "replies",
      QoS::kExactlyOnce,
      {.correlation = "correlation",
       .content_type = "application/protobuf",
       .remaining = absl::Milliseconds(2500),
       .payload = "payload"});

  EXPECT_EQ(message.topic, "topic");
  EXPECT_EQ(message.response_topic, "replies");
  EXPECT_EQ(message.qos, QoS::kExactlyOnce);
  EXPECT_EQ(message.correlation_data, "correlation");
  EXPECT_EQ(message.content_type, "application/protobuf");
  EXPECT_EQ(message.expiry_seconds, 3u);
  EXPECT_EQ(message.payload, "payload");
  EXPECT_FALSE(message.payload_is_utf8);
  EXPECT_FALSE(message.retain);
  EXPECT_THAT(message.user_properties, ElementsAre(Pair("mqrpc-timeout", "2500")));
}

TEST(RequestTest, ComesBackAsItWas) {
  absl::StatusOr<RequestFrame> frame = DecodeRequest(EncodeRequest(
      "topic",
      "replies",
      QoS::kAtLeastOnce,
      {.correlation = std::string("\0\xff", 2),
       .remaining = absl::Milliseconds(1),
       .payload = std::string("\0\xff", 2)}));

  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->correlation, std::string("\0\xff", 2));
  EXPECT_EQ(frame->content_type, std::nullopt);
  EXPECT_EQ(frame->remaining, absl::Milliseconds(1));
  EXPECT_EQ(frame->payload, std::string("\0\xff", 2));
}

TEST(RequestTest, TimesAreRoundedUp) {
  EXPECT_EQ(RequestWith(absl::Nanoseconds(1)).expiry_seconds, 1u);
  EXPECT_EQ(RequestWith(absl::Nanoseconds(1)).user_properties[0].second, "1");
  EXPECT_EQ(RequestWith(absl::Seconds(1)).expiry_seconds, 1u);
  EXPECT_EQ(RequestWith(absl::Seconds(1)).user_properties[0].second, "1000");
  EXPECT_EQ(RequestWith(absl::Seconds(1) + absl::Nanoseconds(1)).expiry_seconds, 2u);
  EXPECT_EQ(RequestWith(absl::Seconds(1) + absl::Nanoseconds(1)).user_properties[0].second, "1001");
  EXPECT_EQ(RequestWith(kMaxTimeout).expiry_seconds, 2147484u);
  EXPECT_EQ(RequestWith(kMaxTimeout).user_properties[0].second, "2147483647");
}

TEST(RequestTest, WithoutAnyPropertyHasNoLimitOfTime) {
  absl::StatusOr<RequestFrame> frame = DecodeRequest({.topic = "t", .payload = "p"});

  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->remaining, absl::InfiniteDuration());
  EXPECT_EQ(frame->correlation, std::nullopt);
  EXPECT_EQ(frame->payload, "p");
}

TEST(RequestTest, HasTheSmallerOfItsTwoTimes) {
  auto remaining = [](uint32_t expiry, std::string timeout) {
    return DecodeRequest(
               {.expiry_seconds = expiry, .user_properties = {{"mqrpc-timeout", timeout}}})
        ->remaining;
  };
  EXPECT_EQ(remaining(1, "999"), absl::Milliseconds(999));
  EXPECT_EQ(remaining(1, "1001"), absl::Seconds(1));
  EXPECT_EQ(remaining(UINT32_MAX, "2147483647"), kMaxTimeout);
  EXPECT_EQ(remaining(0, "5"), absl::ZeroDuration());
}

TEST(RequestTest, IgnoresPropertiesThatItDoesNotKnow) {
  Message message;
  message.user_properties = {{"x", "y"}, {"mqrpc-later", ""}, {"MQRPC-TIMEOUT", "x"}, {"", ""}};
  EXPECT_THAT(DecodeRequest(message), IsOk());
}

TEST(RequestTest, WithAWrongTimeoutIsRefusedNamingIt) {
  for (const char* timeout :
       {"", "0", "-1", "1.5", "1e3", "x", "2147483648", "99999999999999999999", "\xff", "5 s"}) {
    Message message;
    message.user_properties = {{"mqrpc-timeout", timeout}};
    EXPECT_THAT(
        DecodeRequest(message),
        StatusIs(
            absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr("mqrpc-timeout"), HasSubstr(absl::CHexEscape(timeout)))));
  }
}

TEST(RequestTest, WithAnotherContentTypeIsRefusedNamingIt) {
  for (const char* type : {"application/xml", "application/protobuf; x", "Application/Protobuf"}) {
    EXPECT_THAT(
        DecodeRequest({.content_type = type}),
        StatusIs(
            absl::StatusCode::kInvalidArgument,
            AllOf(HasSubstr(absl::StrCat("\"", type, "\"")), HasSubstr("application/protobuf"))));
  }
  EXPECT_THAT(DecodeRequest({.content_type = "application/protobuf"}), IsOk());
}

TEST(RequestTest, WithAnEmptyContentTypeHasNoneToRepeat) {
  absl::StatusOr<RequestFrame> frame = DecodeRequest({.content_type = ""});
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->content_type, std::nullopt);
}

TEST(ReplyTest, RepeatsWhatItsAddressSays) {
  Message message = EncodeReply(
      {.topic = "replies",
       .correlation = "correlation",
       .content_type = "application/protobuf",
       .qos = QoS::kExactlyOnce},
      absl::Milliseconds(1001),
      std::string("payload"),
      Ran::kYes);

  EXPECT_EQ(message.topic, "replies");
  EXPECT_EQ(message.correlation_data, "correlation");
  EXPECT_EQ(message.content_type, "application/protobuf");
  EXPECT_EQ(message.qos, QoS::kExactlyOnce);
  EXPECT_EQ(message.expiry_seconds, 2u);
  EXPECT_EQ(message.payload, "payload");
  EXPECT_EQ(message.response_topic, std::nullopt);
  EXPECT_FALSE(message.retain);
  EXPECT_THAT(message.user_properties, IsEmpty());
}

TEST(ReplyTest, OfARequestThatNoHandlerHasHadSaysSo) {
  absl::Status busy = absl::ResourceExhaustedError("busy");
  Message refused = EncodeReply({.topic = "t"}, absl::Seconds(1), busy, Ran::kNo);
  Message failed = EncodeReply({.topic = "t"}, absl::Seconds(1), busy, Ran::kYes);

  EXPECT_THAT(
      refused.user_properties,
      ElementsAre(Pair("mqrpc-status", "8"), Pair("mqrpc-refused", "1")));
  EXPECT_THAT(failed.user_properties, ElementsAre(Pair("mqrpc-status", "8")));
  EXPECT_EQ(DecodeReply(refused).refused_attempt, 1u);
  EXPECT_EQ(DecodeReply(failed).refused_attempt, std::nullopt);
}

TEST(ReplyTest, ARefusalNamesTheAttemptThatIsRefused) {
  Message request =
      EncodeRequest("t", "r", QoS::kAtLeastOnce, {.remaining = absl::Seconds(1), .attempt = 3});
  EXPECT_THAT(request.user_properties, Contains(Pair("mqrpc-attempt", "3")));
  absl::StatusOr<RequestFrame> frame = DecodeRequest(request);
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->attempt, 3u);

  absl::Status gone = absl::UnavailableError("gone");
  Message refusal = EncodeReply({.topic = "r", .attempt = 3}, absl::Seconds(1), gone, Ran::kNo);
  EXPECT_EQ(DecodeReply(refusal).refused_attempt, 3u);
}

TEST(ReplyTest, ARefusalOfNoNumberIsNone) {
  for (const char* attempt : {"", "0", "-1", "x", "4294967296"}) {
    Message reply = {.user_properties = {{"mqrpc-refused", attempt}}};
    EXPECT_EQ(DecodeReply(reply).refused_attempt, std::nullopt) << attempt;
  }
}

TEST(ReplyTest, HasNoExpiryWhereTheRequestNamedNoLimit) {
  EXPECT_EQ(ReplyWith("").expiry_seconds, std::nullopt);
}

TEST(ReplyTest, ComesBackAsItWas) {
  const std::string payload("\0\xff any bytes", 12);
  absl::StatusOr<std::string> decoded = ResultOf(ReplyWith(payload));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(*decoded, payload);
}

TEST(ReplyTest, EveryErrorComesBackAsItWas) {
  for (int code = 1; code <= 16; ++code) {
    absl::Status status(static_cast<absl::StatusCode>(code), "Grüße");
    status.SetPayload("type.googleapis.com/x.Y", absl::Cord("\xff"));
    status.SetPayload("z", absl::Cord(""));

    EXPECT_EQ(ResultOf(ReplyWith(status)).status(), status);
  }
}

// As docs/protocol.md has it, and google.rpc.Status.
TEST(ReplyTest, TheBytesOfAnEnvelopeAreTheseForEver) {
  absl::Status status = absl::NotFoundError("gone");
  status.SetPayload("u/T", absl::Cord("v"));
  Message message = ReplyWith(status);

  EXPECT_THAT(message.user_properties, ElementsAre(Pair("mqrpc-status", "5")));
  EXPECT_EQ(
      absl::BytesToHexString(message.payload),
      "0805"          // 1: code 5
      "1204676f6e65"  // 2: message "gone"
      "1a08"          // 3: a detail
      "0a03752f54"    //   1: type_url "u/T"
      "120176");      //   2: value "v"
}

TEST(ReplyTest, TextThatIsNotUtf8IsEscaped) {
  absl::Status status = absl::NotFoundError("\xff");
  status.SetPayload("u\xff/T", absl::Cord("\xff"));
  absl::Status decoded = ResultOf(ReplyWith(status)).status();

  EXPECT_THAT(decoded, StatusIs(absl::StatusCode::kNotFound, "\\xff"));
  EXPECT_EQ(decoded.GetPayload("u\\xff/T"), absl::Cord("\xff"));
}

TEST(ReplyTest, ACodeThatThisVersionDoesNotKnowIsUnknown) {
  mqrpc::Status envelope;
  envelope.set_message("from the future");
  EXPECT_THAT(
      ResultOf(
          {.payload = envelope.SerializeAsString(), .user_properties = {{"mqrpc-status", "17"}}}),
      StatusIs(absl::StatusCode::kUnknown, "from the future"));
}

TEST(ReplyTest, AStatusThatCannotBeReadIsInternal) {
  for (const char* code : {"", " ", "x", "-1", "5x", "99999999999999999999", "\xff"}) {
    EXPECT_THAT(
        ResultOf({.user_properties = {{"mqrpc-status", code}}}),
        StatusIs(
            absl::StatusCode::kInternal,
            AllOf(HasSubstr("mqrpc-status"), HasSubstr(absl::CHexEscape(code)))));
  }
}

TEST(ReplyTest, AnEnvelopeThatDoesNotParseKeepsItsCode) {
  EXPECT_THAT(
      ResultOf({.payload = "\xff", .user_properties = {{"mqrpc-status", "7"}}}),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("do not parse")));
}

TEST(ReplyTest, AnEmptyEnvelopeIsAnErrorWithoutText) {
  EXPECT_THAT(
      ResultOf({.user_properties = {{"mqrpc-status", "7"}}}),
      StatusIs(absl::StatusCode::kPermissionDenied, ""));
}

TEST(ReplyTest, TheCodeOfThePropertyCounts) {
  mqrpc::Status envelope;
  envelope.set_code(5);
  EXPECT_THAT(
      ResultOf(
          {.payload = envelope.SerializeAsString(), .user_properties = {{"mqrpc-status", "7"}}}),
      StatusIs(absl::StatusCode::kPermissionDenied, _));
}

TEST(AckTest, SuccessIsOk) {
  EXPECT_THAT(StatusOfAck(ReasonCode::kSuccess, "t"), IsOk());
  EXPECT_THAT(StatusOfAck(static_cast<ReasonCode>(0x11), "t"), IsOk());
}

TEST(AckTest, EachRefusalHasItsCodeAndNamesTheTopic) {
  const std::pair<int, absl::StatusCode> codes[] = {
      {0x10, absl::StatusCode::kUnavailable},
      {0x80, absl::StatusCode::kUnavailable},
      {0x83, absl::StatusCode::kUnavailable},
      {0x87, absl::StatusCode::kPermissionDenied},
      {0x90, absl::StatusCode::kInvalidArgument},
      {0x91, absl::StatusCode::kUnavailable},
      {0x95, absl::StatusCode::kResourceExhausted},
      {0x97, absl::StatusCode::kResourceExhausted},
      {0x99, absl::StatusCode::kInvalidArgument},
      {0xff, absl::StatusCode::kUnavailable}};
  for (const auto& [reason, code] : codes) {
    EXPECT_THAT(
        StatusOfAck(static_cast<ReasonCode>(reason), "the/topic"),
        StatusIs(code, HasSubstr("the/topic")))
        << reason;
  }
}

TEST(AckTest, ARefusalWithoutWordsOfItsOwnShowsItsNumber) {
  EXPECT_THAT(
      StatusOfAck(ReasonCode::kImplementationSpecificError, "t"),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("0x83")));
}

// Always the same ones, so that a failure comes again.
class RandomBytes {
 public:
  std::string Next(size_t longest) {
    std::string bytes(engine_() % (longest + 1), '\0');
    for (char& byte : bytes) byte = static_cast<char>(engine_());
    return bytes;
  }
  bool Coin() { return engine_() % 2 == 0; }

 private:
  std::mt19937 engine_{2026};
};

Message RandomMessage(RandomBytes& random) {
  Message message = {.topic = random.Next(20), .payload = random.Next(40)};
  message.retain = random.Coin();
  if (random.Coin()) message.response_topic = random.Next(20);
  if (random.Coin()) message.correlation_data = random.Next(20);
  if (random.Coin()) message.content_type = random.Coin() ? "application/protobuf" : random.Next(9);
  if (random.Coin()) message.expiry_seconds = static_cast<uint32_t>(random.Next(9).size());
  if (random.Coin()) message.user_properties.emplace_back("mqrpc-timeout", random.Next(3));
  if (random.Coin()) message.user_properties.emplace_back("mqrpc-status", random.Next(3));
  if (random.Coin()) message.user_properties.emplace_back("mqrpc-status", "3");
  return message;
}

TEST(RandomBytesTest, NothingThatCanComeBreaksAnything) {
  // Protobuf says on standard error what of it is no UTF-8.
  google::protobuf::LogSilencer silence;
  RandomBytes random;
  for (int i = 0; i < 20'000; ++i) {
    Message message = RandomMessage(random);
    DecodeRequest(message).IgnoreError();
    ResultOf(message).IgnoreError();
    CheckReplyTopic("mqrpc", message.topic).IgnoreError();
    ParseCorrelation(message.correlation_data.value_or(""));
    MethodOf(message.topic);
  }
}

TEST(RandomBytesTest, AnyErrorOfAHandlerCanBeReadByItsCaller) {
  RandomBytes random;
  for (int i = 0; i < 20'000; ++i) {
    absl::Status status = absl::AbortedError(random.Next(20));
    status.SetPayload(random.Next(20), absl::Cord(random.Next(20)));
    absl::Status decoded = ResultOf(ReplyWith(status)).status();

    ASSERT_EQ(decoded.code(), absl::StatusCode::kAborted);
    int payloads = 0;
    decoded.ForEachPayload([&payloads](auto, const auto&) { ++payloads; });
    ASSERT_EQ(payloads, 1);
  }
}

}  // namespace
}  // namespace mqrpc::internal::wire

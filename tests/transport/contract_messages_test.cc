// What a message says arrives as it was said; what cannot be said is refused.

#include <algorithm>
#include <tuple>

#include "contract.h"
#include "gmock/gmock.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr ReasonCode kNobody = ReasonCode::kNoMatchingSubscribers;

std::string AllBytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
  return bytes;
}

class TransportMessages : public TransportContract {
 protected:
  // As it arrives at another connection.
  Message RoundTrip(Message message) {
    Transport& from = Connect("from");
    Transport& to = Connect("to");
    SubscriberPtr subscriber = Subscribe(to, message.topic);
    Ack ack = Publish(from, std::move(message));
    EXPECT_TRUE(ack.ok()) << ack.status();
    std::vector<Message> received = Await(*subscriber, 1);
    return received.empty() ? Message() : received.front();
  }
};

TEST_P(TransportMessages, EveryPropertyArrives) {
  Message message = RoundTrip(
      {.topic = "mqrpc/services/acme.Thermostat/SetTarget",
       .payload = "21.5",
       .response_topic = "mqrpc/clients/me/replies",
       .correlation_data = std::string("\0\x01\xff\0", 4),
       .content_type = "application/json",
       .expiry_seconds = 3600,
       .payload_is_utf8 = true,
       .user_properties = {{"traceparent", "00-4b"}}});
  EXPECT_EQ(message.topic, "mqrpc/services/acme.Thermostat/SetTarget");
  EXPECT_EQ(message.payload, "21.5");
  EXPECT_EQ(message.qos, QoS::kAtLeastOnce);
  EXPECT_EQ(message.response_topic, "mqrpc/clients/me/replies");
  EXPECT_EQ(message.correlation_data, std::string("\0\x01\xff\0", 4));
  EXPECT_EQ(message.content_type, "application/json");
  EXPECT_TRUE(message.payload_is_utf8);
  EXPECT_THAT(message.user_properties, ElementsAre(Pair("traceparent", "00-4b")));
  // A broker takes off the time that the message spent there.
  ASSERT_TRUE(message.expiry_seconds.has_value());
  EXPECT_LE(*message.expiry_seconds, 3600u);
  EXPECT_GT(*message.expiry_seconds, 3500u);
}

TEST_P(TransportMessages, AbsentPropertiesStayAbsent) {
  Message message = RoundTrip({.topic = "a", .payload = "x"});
  EXPECT_EQ(message.response_topic, std::nullopt);
  EXPECT_EQ(message.correlation_data, std::nullopt);
  EXPECT_EQ(message.content_type, std::nullopt);
  EXPECT_EQ(message.expiry_seconds, std::nullopt);
  EXPECT_FALSE(message.payload_is_utf8);
  EXPECT_FALSE(message.retain);
  EXPECT_THAT(message.user_properties, IsEmpty());
}

TEST_P(TransportMessages, EmptyBytesAreNotAbsent) {
  Message message = RoundTrip({.topic = "a", .correlation_data = ""});
  EXPECT_EQ(message.payload, "");
  EXPECT_EQ(message.correlation_data, "");
}

TEST_P(TransportMessages, UserPropertiesKeepTheirOrderAndRepeats) {
  Message message = RoundTrip(
      {.topic = "a",
       .user_properties = {{"b", "1"}, {"a", "2"}, {"b", "3"}, {"b", "1"}, {"ключ", "значение"}}});
  EXPECT_THAT(
      message.user_properties,
      ElementsAre(
          Pair("b", "1"),
          Pair("a", "2"),
          Pair("b", "3"),
          Pair("b", "1"),
          Pair("ключ", "значение")));
}

TEST_P(TransportMessages, PayloadsAreBytes) {
  EXPECT_EQ(RoundTrip({.topic = "a", .payload = AllBytes(1000)}).payload, AllBytes(1000));
}

TEST_P(TransportMessages, PayloadOfOneMebibyte) {
  EXPECT_EQ(RoundTrip({.topic = "a", .payload = AllBytes(1 << 20)}).payload, AllBytes(1 << 20));
}

TEST_P(TransportMessages, LongestStringsAndBytes) {
  Message message = RoundTrip(
      {.topic = "a",
       .response_topic = std::string(65'535, 'r'),
       .correlation_data = AllBytes(65'535),
       .content_type = std::string(65'535, 'c'),
       .user_properties = {{std::string(65'535, 'k'), std::string(65'535, 'v')}}});
  EXPECT_EQ(message.response_topic, std::string(65'535, 'r'));
  EXPECT_EQ(message.correlation_data, AllBytes(65'535));
  EXPECT_EQ(message.content_type, std::string(65'535, 'c'));
  ASSERT_THAT(message.user_properties, SizeIs(1));
  EXPECT_EQ(message.user_properties[0].first, std::string(65'535, 'k'));
  EXPECT_EQ(message.user_properties[0].second, std::string(65'535, 'v'));
}

TEST_P(TransportMessages, ComeAtTheLowerOfBothQoS) {
  Transport& from = Connect("from");
  Transport& to = Connect("to");
  constexpr QoS kAll[] = {QoS::kAtMostOnce, QoS::kAtLeastOnce, QoS::kExactlyOnce};
  for (QoS granted : kAll) {
    std::string topic = "granted/" + std::to_string(static_cast<int>(granted));
    SubscriberPtr subscriber = Subscribe(to, topic, granted);
    size_t count = 0;
    for (QoS sent : kAll) {
      Ack ack = Publish(from, {.topic = topic, .payload = "x", .qos = sent});
      ASSERT_TRUE(ack.ok()) << ack.status();
      EXPECT_EQ(*ack, ReasonCode::kSuccess);
      std::vector<Message> messages = Await(*subscriber, ++count);
      ASSERT_THAT(messages, SizeIs(count));
      EXPECT_EQ(messages.back().qos, std::min(sent, granted));
    }
  }
}

TEST_P(TransportMessages, RetainArrivesAsItWasSet) {
  EXPECT_TRUE(RoundTrip({.topic = "a", .payload = "x", .retain = true}).retain);
}

TEST_P(TransportMessages, WhatWasRetainedBeforeDoesNotCome) {
  Transport& from = Connect("from");
  Transport& to = Connect("to");
  ASSERT_TRUE(Publish(from, {.topic = "old", .payload = "old", .retain = true}).ok());
  SubscriberPtr subscriber = Subscribe(to, "old");
  ASSERT_TRUE(Publish(from, {.topic = "old", .payload = "new"}).ok());
  Await(*subscriber, 1);
  Settle(from, to);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("new"));
}

TEST_P(TransportMessages, NobodySubscribedIsSaidAtQoS1) {
  Transport& transport = Connect("me");
  EXPECT_EQ(*Publish(transport, {.topic = "nobody", .qos = QoS::kAtLeastOnce}), kNobody);
  EXPECT_EQ(
      *Publish(transport, {.topic = "nobody", .qos = QoS::kAtMostOnce}),
      ReasonCode::kSuccess);
  EXPECT_EQ(
      *Publish(transport, {.topic = "nobody", .qos = QoS::kExactlyOnce}),
      ReasonCode::kSuccess);
}

struct Refused {
  const char* says;
  Message message;
};

std::vector<Refused> RefusedMessages() {
  return {
      {"topic \"\" is empty", {.topic = ""}},
      {"topic \"a/+\" has a wildcard", {.topic = "a/+"}},
      {"topic \"a\\tb\" has the control character U+0009", {.topic = "a\tb"}},
      {"topic \"aaa", {.topic = std::string(65'536, 'a')}},
      {"response topic \"\" is empty", {.topic = "a", .response_topic = ""}},
      {"response topic \"#\" has a wildcard", {.topic = "a", .response_topic = "#"}},
      {"content type \"\\xff\" is not UTF-8", {.topic = "a", .content_type = "\xff"}},
      {"correlation data has 65536 bytes",
       {.topic = "a", .correlation_data = std::string(65'536, 'c')}},
      {"user property key \"a\\x01\"", {.topic = "a", .user_properties = {{"a\x01", "v"}}}},
      {"the value of user property \"key\" \"\\x7f\"",
       {.topic = "a", .user_properties = {{"good", "v"}, {"key", "\x7f"}}}},
      {"content type is empty", {.topic = "a", .content_type = ""}},
      {"user property key is empty", {.topic = "a", .user_properties = {{"", "v"}}}},
      {"the value of user property \"k\" is empty", {.topic = "a", .user_properties = {{"k", ""}}}},
      {"the value of user property \"long\"",
       {.topic = "a", .user_properties = {{"long", std::string(65'536, 'v')}}}},
      {"the payload is marked as UTF-8",
       {.topic = "a", .payload = "\xc0\x80", .payload_is_utf8 = true}},
  };
}

TEST_P(TransportMessages, WhatMqttCannotCarryIsRefusedAndTheConnectionSurvives) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a/#");
  for (Refused& refused : RefusedMessages()) {
    Ack ack = Publish(transport, std::move(refused.message));
    EXPECT_EQ(ack.status().code(), absl::StatusCode::kInvalidArgument) << refused.says;
    EXPECT_THAT(std::string(ack.status().message()), HasSubstr(refused.says));
    EXPECT_LT(ack.status().message().size(), 500u) << "long values are shortened";
  }
  ASSERT_TRUE(Publish(transport, {.topic = "a", .payload = "still here"}).ok());
  Await(*subscriber, 1);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("still here"));
  EXPECT_THAT(subscriber->states.Items(), ElementsAre(absl::OkStatus()));
}

INSTANTIATE_TEST_SUITE_P(On, TransportMessages, AllBeds(), BedName);

}  // namespace
}  // namespace mqrpc::tests

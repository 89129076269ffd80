// Batches, against the code that protoc makes of their schema.

#include "batch.h"

#include <string>
#include <utility>

#include "envelope.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/batch.pb.h"
#include "mqrpc/status.pb.h"
#include "status_matchers.h"

namespace mqrpc::internal::wire {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using tests::IsOk;
using tests::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Message RequestsOf(const RequestBatch& batch, std::optional<uint32_t> expiry = std::nullopt) {
  return {.payload = batch.SerializeAsString(), .expiry_seconds = expiry};
}

RequestBatch::Request& Add(RequestBatch& batch, std::string correlation, uint32_t timeout) {
  RequestBatch::Request& request = *batch.add_requests();
  request.set_correlation(std::move(correlation));
  request.set_timeout(timeout);
  return request;
}

TEST(BatchTest, RequestsAreWrittenAsTheSchemaSays) {
  BatchWriter writer;
  writer.AddRequest(
      {.correlation = "1",
       .remaining = absl::Microseconds(1500),
       .payload = std::string(200, 'x')});
  writer.AddRequest({.remaining = absl::Seconds(1), .attempt = 3});
  Message message = writer.TakeRequests("a/b", "c/d", QoS::kExactlyOnce, absl::Milliseconds(1001));

  EXPECT_EQ(message.topic, "a/b");
  EXPECT_EQ(message.response_topic, "c/d");
  EXPECT_EQ(message.qos, QoS::kExactlyOnce);
  EXPECT_EQ(message.expiry_seconds, 2u);
  EXPECT_TRUE(IsBatch(message));
  EXPECT_EQ(message.correlation_data, std::nullopt);
  EXPECT_TRUE(message.user_properties.empty());
  RequestBatch batch;
  ASSERT_TRUE(batch.ParseFromString(message.payload));
  ASSERT_EQ(batch.requests_size(), 2);
  EXPECT_EQ(batch.requests(0).correlation(), "1");
  EXPECT_EQ(batch.requests(0).timeout(), 2u);
  EXPECT_EQ(batch.requests(0).attempt(), 0u);
  EXPECT_EQ(batch.requests(0).payload(), std::string(200, 'x'));
  EXPECT_EQ(batch.requests(1).correlation(), "");
  EXPECT_EQ(batch.requests(1).attempt(), 3u);
  EXPECT_EQ(batch.SerializeAsString(), message.payload);
}

TEST(BatchTest, RepliesAreWrittenAsTheSchemaSays) {
  BatchWriter writer;
  writer.AddReply({.correlation = "1"}, std::string("yes"), Ran::kYes);
  writer.AddReply({.correlation = "2", .attempt = 4}, absl::NotFoundError("no"), Ran::kNo);
  Message message = writer.TakeReplies("c/d", QoS::kAtMostOnce, absl::InfiniteDuration());

  EXPECT_TRUE(IsBatch(message));
  EXPECT_EQ(message.expiry_seconds, std::nullopt);
  ReplyBatch batch;
  ASSERT_TRUE(batch.ParseFromString(message.payload));
  EXPECT_EQ(batch.SerializeAsString(), message.payload);
  ASSERT_EQ(batch.replies_size(), 2);
  EXPECT_EQ(batch.replies(0).payload(), "yes");
  EXPECT_EQ(batch.replies(1).status(), 5u);
  EXPECT_EQ(batch.replies(1).refused(), 4u);
  mqrpc::Status envelope;
  ASSERT_TRUE(envelope.ParseFromString(batch.replies(1).payload()));
  EXPECT_EQ(envelope.message(), "no");
}

TEST(BatchTest, RequestsAreReadAsTheyWereWritten) {
  BatchWriter writer;
  writer.AddRequest({.correlation = "1", .remaining = absl::Milliseconds(1), .payload = "one"});
  writer.AddRequest(
      {.correlation = "2", .remaining = absl::Seconds(30), .attempt = 2, .payload = ""});
  auto requests =
      DecodeRequests(writer.TakeRequests("t", "r", QoS::kAtLeastOnce, absl::Seconds(30)));

  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].status, IsOk());
  EXPECT_THAT(requests[0].frame.correlation, Optional(std::string("1")));
  EXPECT_EQ(requests[0].frame.remaining, absl::Milliseconds(1));
  EXPECT_EQ(requests[0].frame.attempt, 1u);
  EXPECT_EQ(requests[0].frame.payload, "one");
  EXPECT_THAT(requests[1].status, IsOk());
  EXPECT_EQ(requests[1].frame.remaining, absl::Seconds(30));
  EXPECT_EQ(requests[1].frame.attempt, 2u);
}

TEST(BatchTest, RepliesAreReadAsTheyWereWritten) {
  BatchWriter writer;
  writer.AddReply({.correlation = "1"}, std::string("yes"), Ran::kYes);
  writer.AddReply({.correlation = "2", .attempt = 4}, absl::NotFoundError("no"), Ran::kNo);
  Message message = writer.TakeReplies("r", QoS::kAtLeastOnce, absl::Seconds(1));
  auto replies = DecodeReplies(message);

  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[0].correlation, "1");
  ASSERT_THAT(replies[0].reply.result, IsOk());
  EXPECT_EQ(*replies[0].reply.result, "yes");
  EXPECT_EQ(replies[0].reply.refused_attempt, std::nullopt);
  EXPECT_THAT(replies[1].reply.result, StatusIs(absl::StatusCode::kNotFound, "no"));
  EXPECT_THAT(replies[1].reply.refused_attempt, Optional(4u));
}

TEST(BatchTest, AReplyThatIsOkIsNoRefusal) {
  ReplyBatch batch;
  batch.add_replies()->set_refused(1);
  Message message = {.payload = batch.SerializeAsString()};
  auto replies = DecodeReplies(message);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_THAT(replies[0].reply.result, IsOk());
  EXPECT_EQ(replies[0].reply.refused_attempt, std::nullopt);
}

TEST(BatchTest, WhatTheBrokerCountedOffIsCountedOffEachCall) {
  RequestBatch batch;
  Add(batch, "long", 10'000);
  Add(batch, "short", 1'500);
  auto fresh = DecodeRequests(RequestsOf(batch, 10));
  EXPECT_EQ(fresh[0].frame.remaining, absl::Seconds(10));
  EXPECT_EQ(fresh[1].frame.remaining, absl::Milliseconds(1500));

  auto late = DecodeRequests(RequestsOf(batch, 7));
  EXPECT_EQ(late[0].frame.remaining, absl::Seconds(7));
  EXPECT_LE(late[1].frame.remaining, absl::ZeroDuration());
}

TEST(BatchTest, AFrameThatDoesNotParseHarmsNoOther) {
  RequestBatch batch;
  Add(batch, "first", 1);
  Add(batch, "broken", 1).set_payload("0123456789");
  Add(batch, "last", 1);
  Message message = RequestsOf(batch);
  size_t length = message.payload.find("0123456789") - 1;
  ASSERT_EQ(message.payload[length], 10);
  message.payload[length] = 11;  // one byte more than there is

  auto requests = DecodeRequests(message);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_THAT(requests[0].status, IsOk());
  EXPECT_THAT(requests[1].status, StatusIs(kInvalid, HasSubstr("does not parse")));
  EXPECT_THAT(requests[1].frame.correlation, Optional(std::string("broken")));
  EXPECT_THAT(requests[2].status, IsOk());
}

TEST(BatchTest, HowDeeplyAFrameIsNestedHarmsNoOther) {
  constexpr char kBegin = '\x2b';  // of a group, which no end follows
  std::string deep(90, kBegin);
  std::string unknown = "\x0a\x01x\x10\x01" + std::string(20, kBegin) + std::string(20, '\x2c');
  std::string payload;
  for (const std::string& frame : {deep, deep, unknown}) {
    payload += {'\x0a', static_cast<char>(frame.size())};
    payload += frame;
  }
  auto requests = DecodeRequests({.payload = payload});
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_THAT(requests[0].status, StatusIs(kInvalid, HasSubstr("does not parse")));
  EXPECT_THAT(requests[1].status, StatusIs(kInvalid, HasSubstr("does not parse")));
  EXPECT_THAT(requests[2].status, IsOk());
}

TEST(BatchTest, AFrameThatIsCutOffIsTheLast) {
  RequestBatch batch;
  Add(batch, "first", 1);
  Add(batch, "cut", 1);
  Message message = RequestsOf(batch);
  message.payload.pop_back();

  auto requests = DecodeRequests(message);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].status, IsOk());
  EXPECT_THAT(requests[1].status, StatusIs(kInvalid, HasSubstr("after its call number 1")));
  EXPECT_EQ(requests[1].frame.correlation, std::nullopt);
}

TEST(BatchTest, ACorrelationThatCannotBeReadOrIsEmptyIsNone) {
  auto cut = DecodeRequests({.payload = "\x0a\x02\x0a\x05"});
  ASSERT_EQ(cut.size(), 1u);
  EXPECT_THAT(cut[0].status, StatusIs(kInvalid, HasSubstr("does not parse")));
  EXPECT_EQ(cut[0].frame.correlation, std::nullopt);
  auto empty = DecodeRequests({.payload = {"\x0a\x04\x0a\x00\x10\x01", 6}});
  ASSERT_EQ(empty.size(), 1u);
  EXPECT_THAT(empty[0].status, IsOk());
  EXPECT_EQ(empty[0].frame.correlation, std::nullopt);
}

TEST(BatchTest, AZeroIsNoField) {
  std::string frame("\x0a\x01x\x10\x01", 5);
  std::string zero(1, '\0');
  auto inside = DecodeRequests({.payload = "\x0a\x06" + frame + zero});
  ASSERT_EQ(inside.size(), 1u);
  EXPECT_THAT(inside[0].status, StatusIs(kInvalid, HasSubstr("does not parse")));
  auto behind = DecodeRequests({.payload = "\x0a\x05" + frame + zero});
  ASSERT_EQ(behind.size(), 2u);
  EXPECT_THAT(behind[0].status, IsOk());
  EXPECT_THAT(behind[1].status, StatusIs(kInvalid, HasSubstr("does not parse")));
}

TEST(BatchTest, ALengthOfMoreThan31BitsIsNotAShorterOne) {
  std::string frame("\x0a\x01x\x10\x01", 5);
  std::string long_frame = "\x0a\x85\x80\x80\x80\x10" + frame;  // 2^32 + 5
  auto requests = DecodeRequests({.payload = long_frame});
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].status, StatusIs(kInvalid, HasSubstr("after its call number 0")));

  std::string body = "\x10\x01\x0a\x81\x80\x80\x80\x10x";  // 2^32 + 1
  requests = DecodeRequests({.payload = "\x0a\x09" + body});
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].status, StatusIs(kInvalid, HasSubstr("does not parse")));
}

TEST(BatchTest, ACallWithoutATimeIsRefused) {
  RequestBatch batch;
  Add(batch, "none", 0);
  Add(batch, "too long", 1u << 31);
  for (const BatchedRequest& request : DecodeRequests(RequestsOf(batch))) {
    EXPECT_THAT(request.status, StatusIs(kInvalid, HasSubstr("timeout")));
  }
}

// The time of a frame that is not to be believed says nothing of how long its caller waits.
TEST(BatchTest, ACallThatIsRefusedHasTheTimeOfItsMessage) {
  RequestBatch batch;
  Add(batch, "none", 0);
  Add(batch, "fine", 1);
  EXPECT_EQ(DecodeRequests(RequestsOf(batch))[0].frame.remaining, absl::InfiniteDuration());
  auto requests = DecodeRequests(RequestsOf(batch, 7));
  EXPECT_EQ(requests[0].frame.remaining, absl::Seconds(7));
  EXPECT_EQ(requests[1].frame.remaining, absl::Milliseconds(1));
}

TEST(BatchTest, FieldsThatAreNotKnownAreIgnored) {
  RequestBatch batch;
  RequestBatch::Request& request = Add(batch, "known", 1);
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(15, "later");
  batch.GetReflection()->MutableUnknownFields(&batch)->AddVarint(9, 7);
  auto requests = DecodeRequests(RequestsOf(batch));
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].status, IsOk());
}

TEST(BatchTest, MoreCallsThanAMessageMayHaveAreRefused) {
  RequestBatch batch;
  for (size_t i = 0; i <= kMaxBatchCalls; ++i) Add(batch, "x", 1);
  auto requests = DecodeRequests(RequestsOf(batch));
  ASSERT_EQ(requests.size(), kMaxBatchCalls + 1);
  EXPECT_THAT(requests[kMaxBatchCalls - 1].status, IsOk());
  EXPECT_THAT(requests[kMaxBatchCalls].status, StatusIs(kInvalid, HasSubstr("more than 256")));
}

TEST(BatchTest, ACodeThatIsNotKnownIsUnknown) {
  ReplyBatch batch;
  batch.add_replies()->set_status(17);
  batch.add_replies()->set_status(4'000'000'000);
  Message message = {.payload = batch.SerializeAsString()};
  for (const BatchedReply& reply : DecodeReplies(message)) {
    EXPECT_EQ(reply.reply.result.status().code(), absl::StatusCode::kUnknown);
  }
}

TEST(EnvelopeTest, OnlySoManyDetailsAreRead) {
  mqrpc::Status envelope;
  for (int i = 0; i < 1000; ++i) envelope.add_details()->set_type_url(std::to_string(i));
  int read = 0;
  DecodeEnvelope(3, envelope.SerializeAsString())
      .ForEachPayload([&read](auto /*type_url*/, const absl::Cord&) { ++read; });
  EXPECT_EQ(read, 128);
}

TEST(BatchTest, AnyBytesAreReadToTheirEnd) {
  std::string bytes = "\x0a\x05\x0a\x01x\x10\x01";
  for (size_t size = 0; size <= bytes.size(); ++size) {
    for (int flipped = -1; flipped < 8 * static_cast<int>(size); ++flipped) {
      Message message = {.payload = bytes.substr(0, size)};
      if (flipped >= 0) message.payload[flipped / 8] ^= static_cast<char>(1 << flipped % 8);
      DecodeRequests(message);
      DecodeReplies(message);
    }
  }
}

}  // namespace
}  // namespace mqrpc::internal::wire

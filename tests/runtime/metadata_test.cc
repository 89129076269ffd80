// Metadata on the wire: alone in user properties, in a batch in its frame.

#include "mqrpc/metadata.h"

#include <string>

#include "batch.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "metadata_wire.h"
#include "mqrpc/batch.pb.h"
#include "status_matchers.h"
#include "wire.h"

namespace mqrpc::internal::wire {
namespace {

using ::mqrpc::tests::IsOk;
using ::mqrpc::tests::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Code = absl::StatusCode;

const std::string kAnyBytes("\0\xff\n", 3);

TEST(MetadataTest, KeepsItsOrderAndRepetitions) {
  Metadata metadata = {{"b", "1"}, {"a", "2"}};
  metadata.Add("b", "3");

  EXPECT_THAT(metadata, ElementsAre(Pair("b", "1"), Pair("a", "2"), Pair("b", "3")));
  ASSERT_NE(metadata.Find("b"), nullptr);
  EXPECT_EQ(*metadata.Find("b"), "1");
  EXPECT_THAT(metadata.FindAll("b"), ElementsAre("1", "3"));
  EXPECT_EQ(metadata.Find("c"), nullptr);
  EXPECT_TRUE(metadata.FindAll("c").empty());
}

TEST(CheckMetadataTest, TakesWhatTravels) {
  for (const char* name : {"a", "tenant", "x-request.id_7", "0", "a-bin", "mqrpc"}) {
    EXPECT_THAT(CheckMetadata(name, "value"), IsOk()) << name;
  }
  EXPECT_THAT(CheckMetadata("a", "Grüße, {} \"#+"), IsOk());
  EXPECT_THAT(CheckMetadata("a-bin", kAnyBytes), IsOk());
}

TEST(CheckMetadataTest, NamesWhatIsWrong) {
  EXPECT_THAT(CheckMetadata("", "v"), StatusIs(Code::kInvalidArgument, HasSubstr("empty")));
  for (const char* name : {"A", "with space", "ä", "a/b", "a:b"}) {
    EXPECT_THAT(
        CheckMetadata(name, "v"),
        StatusIs(Code::kInvalidArgument, HasSubstr("other characters")))
        << name;
  }
  EXPECT_THAT(
      CheckMetadata("mqrpc-timeout", "1"),
      StatusIs(Code::kInvalidArgument, AllOf(HasSubstr("mqrpc-timeout"), HasSubstr("begins"))));
  EXPECT_THAT(
      CheckMetadata("tenant", ""),
      StatusIs(Code::kInvalidArgument, AllOf(HasSubstr("\"tenant\""), HasSubstr("empty"))));
  for (const char* value : {"tab\t", "\x01", "\xff", "\x7f"}) {
    EXPECT_THAT(
        CheckMetadata("tenant", value),
        StatusIs(Code::kInvalidArgument, HasSubstr("the value of metadata \"tenant\"")));
  }
}

TEST(MetadataTest, OfARequestIsUserProperties) {
  Metadata headers = {{"tenant", "acme"}, {"key-bin", kAnyBytes}, {"tenant", "other"}};
  Message message = EncodeRequest(
      "t",
      "r",
      QoS::kAtLeastOnce,
      {.remaining = absl::Seconds(1), .headers = headers});

  EXPECT_THAT(
      message.user_properties,
      ElementsAre(
          Pair("mqrpc-timeout", "1000"),
          Pair("tenant", "acme"),
          Pair("key-bin", "AP8K"),
          Pair("tenant", "other")));
  absl::StatusOr<RequestFrame> frame = DecodeRequest(message);
  ASSERT_THAT(frame, IsOk());
  EXPECT_EQ(frame->headers, headers);
}

TEST(MetadataTest, OfOthersIsTakenAsFarAsItIsMetadata) {
  absl::StatusOr<RequestFrame> frame = DecodeRequest(
      {.user_properties = {
           {"Tenant", "acme"},
           {"with space", "1"},
           {"empty", ""},
           {"mqrpc-future", "1"},
           {"", "1"}}});

  ASSERT_THAT(frame, IsOk());
  EXPECT_THAT(frame->headers, ElementsAre(Pair("tenant", "acme")));
}

TEST(MetadataTest, WhatShouldBeBase64IsRefused) {
  Message message = {.user_properties = {{"key-bin", "?"}}};

  EXPECT_THAT(
      DecodeRequest(message),
      StatusIs(Code::kInvalidArgument, HasSubstr("\"key-bin\" is not base64")));
  EXPECT_THAT(
      DecodeReply(message).result,
      StatusIs(Code::kInternal, HasSubstr("\"key-bin\" is not base64")));
}

TEST(MetadataTest, OfAReplyHasHeadersAndTrailers) {
  ReplyMetadata metadata = {
      .headers = {{"revision", "7"}},
      .trailers = {{"took", "1 ms"}, {"sum-bin", kAnyBytes}}};
  for (const absl::StatusOr<std::string>& result :
       {absl::StatusOr<std::string>("fine"), absl::StatusOr<std::string>(absl::AbortedError(""))}) {
    Message message = EncodeReply(
        {.topic = "r"},
        absl::Seconds(1),
        result,
        Ran::kYes,
        ShareUnlessEmpty(metadata));
    EXPECT_THAT(message.user_properties, ::testing::Contains(Pair("revision", "7")));
    EXPECT_THAT(message.user_properties, ::testing::Contains(Pair("mqrpc-trailer-took", "1 ms")));

    Reply reply = DecodeReply(message);
    EXPECT_EQ(reply.result.status().code(), result.status().code());
    ASSERT_NE(reply.metadata, nullptr);
    EXPECT_EQ(reply.metadata->headers, metadata.headers);
    EXPECT_EQ(reply.metadata->trailers, metadata.trailers);
  }
}

TEST(MetadataTest, InABatchEachHasItsOwn) {
  BatchWriter writer;
  Metadata first = {{"tenant", "acme"}, {"key-bin", kAnyBytes}, {"tenant", "other"}};
  writer.AddRequest({.correlation = "1", .remaining = absl::Seconds(1), .headers = first});
  writer.AddRequest({.correlation = "2", .remaining = absl::Seconds(1), .payload = "p"});
  Message message = writer.TakeRequests("t", "r", QoS::kAtLeastOnce, absl::Seconds(1));

  RequestBatch batch;
  ASSERT_TRUE(batch.ParseFromString(message.payload));
  EXPECT_EQ(batch.SerializeAsString(), message.payload);
  EXPECT_EQ(batch.requests(0).headers(1).value(), kAnyBytes);
  std::vector<BatchedRequest> requests = DecodeRequests(message);
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].status, IsOk());
  EXPECT_EQ(requests[0].frame.headers, first);
  EXPECT_TRUE(requests[1].frame.headers.empty());
}

TEST(MetadataTest, OfRepliesInABatchHasHeadersAndTrailers) {
  ReplyMetadata metadata = {.headers = {{"revision", "7"}}, .trailers = {{"took", "1 ms"}}};
  BatchWriter writer;
  writer.AddReply({.correlation = "1"}, "fine", Ran::kYes, ShareUnlessEmpty(metadata));
  writer.AddReply({.correlation = "2"}, "fine", Ran::kYes);
  Message message = writer.TakeReplies("r", QoS::kAtLeastOnce, absl::Seconds(1));

  ReplyBatch batch;
  ASSERT_TRUE(batch.ParseFromString(message.payload));
  EXPECT_EQ(batch.SerializeAsString(), message.payload);
  std::vector<BatchedReply> replies = DecodeReplies(message);
  ASSERT_EQ(replies.size(), 2u);
  ASSERT_NE(replies[0].reply.metadata, nullptr);
  EXPECT_EQ(replies[0].reply.metadata->headers, metadata.headers);
  EXPECT_EQ(replies[0].reply.metadata->trailers, metadata.trailers);
  EXPECT_EQ(replies[1].reply.metadata, nullptr);
}

TEST(MetadataTest, InABatchWhatIsNoneIsLeftOut) {
  RequestBatch batch;
  RequestBatch::Request& request = *batch.add_requests();
  request.set_timeout(1000);
  for (const char* name : {"tenant", "Tenant", "mqrpc-own", ""}) {
    MetadataEntry& entry = *request.add_headers();
    entry.set_name(name);
    entry.set_value("acme");
  }
  Message message = {.payload = batch.SerializeAsString()};
  std::vector<BatchedRequest> requests = DecodeRequests(message);

  ASSERT_EQ(requests.size(), 1u);
  EXPECT_THAT(requests[0].status, IsOk());
  EXPECT_THAT(requests[0].frame.headers, ElementsAre(Pair("tenant", "acme")));
}

}  // namespace
}  // namespace mqrpc::internal::wire

// Calls that share a message, on the server's side: in virtual time, against raw messages that a
// test publishes.

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/server.h"
#include "mqrpc/service.h"
#include "status_matchers.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using internal::wire::BatchedReply;
using internal::wire::BatchWriter;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

// `Echo` answers with its payload, `Hold` when the test says.
class BatchService final : public Service {
 public:
  ServiceDescriptor mqrpc_descriptor() override {
    auto echo = [this](std::unique_ptr<ServerCall> call) {
      ++runs;
      call->Write(call->Read().value_or(""));
      call->Finish(absl::OkStatus());
    };
    auto hold = [this](std::unique_ptr<ServerCall> call) { held.push_back(std::move(call)); };
    return {"acme.Valve", {{{.name = "Echo"}, echo}, {{.name = "Hold"}, hold}}};
  }

  int runs = 0;
  std::deque<std::unique_ptr<ServerCall>> held;
};

class ServerBatchTest : public VirtualServerTest<BatchService> {
 protected:
  static Message Batch(std::vector<std::string> correlations, const std::string& method = "Echo") {
    BatchWriter writer;
    for (const std::string& correlation : correlations) {
      writer.AddRequest(
          {.correlation = correlation,
           .remaining = absl::Seconds(5),
           .payload = "for " + correlation});
    }
    return writer.TakeRequests(
        "mqrpc/batches/acme.Valve/" + method,
        "answers/here",
        QoS::kAtLeastOnce,
        absl::Seconds(5));
  }
  static Message Single(std::string correlation, bool asks = false) {
    Message message = {
        .topic = "mqrpc/services/acme.Valve/Echo",
        .payload = "for " + correlation,
        .response_topic = "answers/here",
        .correlation_data = correlation};
    if (asks) message.user_properties = {{"mqrpc-batches", "1"}};
    return message;
  }

  const Message& LastReply() const { return client_.received().back(); }
};

TEST_F(ServerBatchTest, WhoAsksIsToldHowManyCallsAMessageMayHave) {
  Start();
  client_.Publish(Single("1", /*asks=*/true));
  EXPECT_THAT(LastReply().user_properties, Contains(Pair("mqrpc-batches", "256")));
  client_.Publish(Single("2"));
  EXPECT_THAT(LastReply().user_properties, IsEmpty());
}

TEST_F(ServerBatchTest, AServerThatTakesNoneSaysNothingAndIsNotSubscribedToThem) {
  Start({.takes_batches = false});
  client_.Publish(Single("1", /*asks=*/true));
  EXPECT_THAT(LastReply().user_properties, IsEmpty());
  EXPECT_EQ(client_.Publish(Batch({"2", "3"})), ReasonCode::kNoMatchingSubscribers);
}

TEST_F(ServerBatchTest, CallsThatCameTogetherAreAnsweredTogether) {
  Start();
  client_.Publish(Batch({"1", "2", "3"}));

  ASSERT_THAT(client_.received(), SizeIs(1));
  ASSERT_TRUE(internal::wire::IsBatch(LastReply()));
  auto replies = internal::wire::DecodeReplies(LastReply());
  ASSERT_THAT(replies, SizeIs(3));
  for (const BatchedReply& reply : replies) {
    ASSERT_THAT(reply.reply.result, IsOk());
    EXPECT_EQ(*reply.reply.result, "for " + std::string(reply.correlation));
  }
  EXPECT_EQ(server_->stats().calls_received, 3u);
  EXPECT_EQ(server_->stats().calls_answered, 3u);
}

TEST_F(ServerBatchTest, ASlowCallDelaysNoOther) {
  Start();
  client_.Publish(Batch({"1", "2"}, "Hold"));
  ASSERT_THAT(service_.held, SizeIs(2));
  service_.held.back()->Write("second");
  service_.held.back()->Finish(absl::OkStatus());
  network_.loop.RunUntilIdle();

  ASSERT_THAT(client_.received(), SizeIs(1));
  EXPECT_EQ(LastReply().payload, "second");  // alone, it is a plain reply
  EXPECT_EQ(LastReply().correlation_data, "2");
}

TEST_F(ServerBatchTest, ACallThatCameAloneIsAnsweredAlone) {
  Start();
  client_.Publish(Single("1"));
  client_.Publish(Single("2"));
  ASSERT_THAT(client_.received(), SizeIs(2));
  for (const Message& reply : client_.received()) EXPECT_FALSE(internal::wire::IsBatch(reply));
}

TEST_F(ServerBatchTest, ACallIsTheSameHoweverItComes) {
  Start();
  client_.Publish(Batch({"1", "2"}));
  client_.Publish(Single("1"));
  client_.Publish(Batch({"2"}));
  EXPECT_EQ(service_.runs, 2);
  EXPECT_EQ(server_->stats().repeated_requests, 2u);
}

TEST_F(ServerBatchTest, EachCallHasItsOwnStatus) {
  Start({.max_message_size = 20});
  BatchWriter writer;
  writer.AddRequest({.correlation = "1", .remaining = absl::Seconds(5), .payload = "short"});
  writer.AddRequest(
      {.correlation = "2", .remaining = absl::Seconds(5), .payload = std::string(30, 'x')});
  client_.Publish(writer.TakeRequests(
      "mqrpc/batches/acme.Valve/Echo",
      "answers/here",
      QoS::kAtLeastOnce,
      absl::Seconds(5)));

  auto replies = internal::wire::DecodeReplies(LastReply());
  ASSERT_THAT(replies, SizeIs(2));
  EXPECT_THAT(replies[0].reply.result, IsOk());
  EXPECT_THAT(
      replies[1].reply.result,
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("max_message_size (20)")));
  EXPECT_EQ(replies[1].reply.refused_attempt, 1u);
}

TEST_F(ServerBatchTest, OneThatDoesNotParseIsRefusedAndHarmsNoOther) {
  Start();
  Message message = Batch({"1", "2", "3"});
  size_t second = message.payload.find("for 2");
  message.payload[second - 1] = 100;  // longer than its frame
  client_.Publish(message);

  auto replies = internal::wire::DecodeReplies(LastReply());
  ASSERT_THAT(replies, SizeIs(3));
  for (const BatchedReply& reply : replies) {
    if (reply.correlation != "2") {
      EXPECT_THAT(reply.reply.result, IsOk());
    } else {
      EXPECT_THAT(
          reply.reply.result,
          StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not parse")));
    }
  }
  EXPECT_EQ(service_.runs, 2);
}

TEST_F(ServerBatchTest, OneWithoutATimeIsToldSo) {
  Start();
  Message message = Batch({"1"});
  message.payload += "\x0a\x03\x0a\x01x";
  client_.Publish(message);

  auto replies = internal::wire::DecodeReplies(LastReply());
  ASSERT_THAT(replies, SizeIs(2));
  EXPECT_EQ(replies[1].correlation, "x");
  EXPECT_THAT(
      replies[1].reply.result,
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("timeout of a call of a batch is 0")));
}

TEST_F(ServerBatchTest, WhatCannotBeAnsweredIsCounted) {
  Start();
  Message message = Batch({"1"});
  message.payload += "\x0a\x7f";  // another, of which nothing follows
  client_.Publish(message);
  EXPECT_EQ(service_.runs, 1);
  EXPECT_EQ(server_->stats().malformed_batches, 1u);
}

TEST_F(ServerBatchTest, OneWhoseCorrelationCannotBeReadIsCounted) {
  Start();
  Message message = Batch({"1"});
  message.payload += "\x0a\x02\x0a\x05";
  client_.Publish(message);
  EXPECT_THAT(client_.received(), SizeIs(1));
  EXPECT_EQ(LastReply().correlation_data, "1");
  EXPECT_EQ(server_->stats().malformed_batches, 1u);
}

// What would not fit into the Correlation Data of a reply of its own.
TEST_F(ServerBatchTest, OneWithTooLongACorrelationIsNotRunAndIsCounted) {
  Start();
  client_.Publish(Batch({std::string(65'535, 'x')}));
  EXPECT_EQ(service_.runs, 1);
  EXPECT_THAT(client_.received(), SizeIs(1));
  client_.Publish(Batch({std::string(65'536, 'x')}));
  EXPECT_EQ(service_.runs, 1);
  EXPECT_THAT(client_.received(), SizeIs(1));
  EXPECT_EQ(server_->stats().malformed_batches, 1u);
}

TEST_F(ServerBatchTest, CallsWithoutCorrelationOrResponseTopicAreNotAnswered) {
  Start();
  client_.Publish(Batch({""}));
  Message nowhere = Batch({"1", "2"});
  nowhere.response_topic.reset();
  client_.Publish(nowhere);
  EXPECT_EQ(service_.runs, 3);
  EXPECT_THAT(client_.received(), IsEmpty());
}

TEST_F(ServerBatchTest, AnUnsafeResponseTopicIsOneForAll) {
  Start();
  Message message = Batch({"1", "2"});
  message.response_topic = "mqrpc/batches/acme.Valve/Echo";
  client_.Publish(message);
  EXPECT_EQ(service_.runs, 0);
  EXPECT_EQ(server_->stats().unsafe_response_topics, 1u);
}

TEST_F(ServerBatchTest, AShutdownLeavesBatchesToo) {
  Start();
  server_->Shutdown();
  network_.loop.RunUntilIdle();
  EXPECT_EQ(client_.Publish(Batch({"1"})), ReasonCode::kNoMatchingSubscribers);
}

}  // namespace
}  // namespace mqrpc::tests

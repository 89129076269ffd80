// The server's end of streams, in virtual time, against a caller that speaks plain MQTT.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_feed.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/server.h"
#include "status_matchers.h"
#include "stream_parts.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kInvalidArgument[] = "3";
constexpr char kResourceExhausted[] = "8";
constexpr char kUnavailable[] = "14";
constexpr char kDataLoss[] = "15";

// Streams are held, for the test to use.
struct HeldFeed final : Feed::AsyncService {
  void Count(Item, ServerWriter<Item> writer) override { count.emplace(std::move(writer)); }
  void Sum(ServerReader<Item, Item> reader) override { sum.emplace(std::move(reader)); }
  void Chat(ServerReaderWriter<Item, Item> stream) override { chat.emplace(std::move(stream)); }

  std::optional<ServerWriter<Item>> count;
  std::optional<ServerReader<Item, Item>> sum;
  std::optional<ServerReaderWriter<Item, Item>> chat;
};

class ServerStreamTest : public VirtualServerTest<HeldFeed> {
 protected:
  // The first answer is taken off.
  void Open(const std::string& method, const std::string& credit = "10 1000", bool writes = true) {
    client_.Publish(Opening(method, credit, writes));
    ASSERT_THAT(client_.received(), SizeIs(1));
    server_topic_ = client_.received().front().response_topic.value_or("none");
    read_ = 1;
  }

  static Message Opening(const std::string& method, const std::string& credit, bool writes) {
    Message message = {
        .topic = "mqrpc/services/mqrpc.tests.Feed/" + method,
        .response_topic = "answers/caller",
        .correlation_data = "call",
        .user_properties = {{"mqrpc-timeout", "3600000"}}};
    if (!credit.empty()) message = With(std::move(message), "mqrpc-credit", credit);
    if (writes && method != "Count") message = With(std::move(message), "mqrpc-stream", "1");
    return message;
  }

  Message FromCaller(int first, const std::vector<std::string>& frames) {
    return Part(server_topic_, "answers/caller", first, frames);
  }

  // That was not asked for before.
  std::vector<Message> Received() {
    network_.loop.RunUntilIdle();
    std::vector<Message> received(client_.received().begin() + read_, client_.received().end());
    read_ = client_.received().size();
    return received;
  }

  static std::string Bytes(int64_t number) { return MakeItem(number).SerializeAsString(); }

  std::string server_topic_;
  size_t read_ = 0;
};

TEST_F(ServerStreamTest, AnOpeningIsAnsweredAtOnceWithTheServersOwnTopic) {
  Start();
  client_.Publish(Opening("Chat", "10 1000", true));
  ASSERT_THAT(client_.received(), SizeIs(1));
  const Message& answer = client_.received().front();
  EXPECT_EQ(answer.correlation_data, "call");
  EXPECT_THAT(answer.response_topic.value_or(""), HasSubstr("mqrpc/clients/server/streams/"));
  EXPECT_EQ(Property(answer, "mqrpc-part"), "1");
  EXPECT_EQ(Property(answer, "mqrpc-credit"), "1000 1048576");
  EXPECT_THAT(Frames(answer), IsEmpty());
}

TEST_F(ServerStreamTest, WhatIsWrittenTogetherLeavesTogetherAndTheEndSaysHowMuchItWas) {
  Start();
  Open("Count");
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(service_.count->Write(MakeItem(i)));
  service_.count->Finish(absl::OkStatus());

  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(2));
  EXPECT_EQ(Property(received[0], "mqrpc-part"), "1");
  EXPECT_THAT(Frames(received[0]), ElementsAre(Bytes(0), Bytes(1), Bytes(2)));
  EXPECT_EQ(Property(received[1], "mqrpc-part"), "");
  EXPECT_EQ(Property(received[1], "mqrpc-stream-length"), "3");
  EXPECT_EQ(Property(received[1], "mqrpc-status"), "");
}

TEST_F(ServerStreamTest, NoMoreLeavesThanThereIsCreditFor) {
  Start();
  Open("Count", "2 1000");
  for (int64_t i = 0; i < 5; ++i) EXPECT_TRUE(service_.count->TryWrite(MakeItem(i)));
  service_.count->Finish(absl::OkStatus());
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_THAT(Frames(received[0]), SizeIs(2));

  client_.Publish(With(FromCaller(1, {}), "mqrpc-credit", "1 1"));  // late: says nothing new
  EXPECT_THAT(Received(), IsEmpty());

  client_.Publish(With(FromCaller(1, {}), "mqrpc-credit", "5 1000"));
  received = Received();
  ASSERT_THAT(received, SizeIs(2));
  EXPECT_EQ(Property(received[0], "mqrpc-part"), "3");
  EXPECT_THAT(Frames(received[0]), SizeIs(3));
  EXPECT_EQ(Property(received[1], "mqrpc-stream-length"), "5");
}

TEST_F(ServerStreamTest, NorMoreBytesThanTheLastMessagePasses) {
  Start();
  Open("Count", "10 5");
  Item item;
  item.set_data("four");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(service_.count->TryWrite(item));
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_THAT(Frames(received[0]), SizeIs(1));
}

TEST_F(ServerStreamTest, AWriterHasARoomOfItsOwnBesides) {
  Start({.max_unread_messages = 3});
  Open("Count", "2 1000");
  int written = 0;
  while (service_.count->TryWrite(MakeItem(0))) ++written;
  EXPECT_EQ(written, 3);
  network_.loop.RunUntilIdle();
  while (service_.count->TryWrite(MakeItem(0))) ++written;
  EXPECT_EQ(written, 5);
}

TEST_F(ServerStreamTest, RequestsThatComeTwiceAreReadOnce) {
  Start();
  Open("Chat");
  client_.Publish(FromCaller(1, {Bytes(1), Bytes(2)}));
  client_.Publish(FromCaller(1, {Bytes(1), Bytes(2)}));
  client_.Publish(FromCaller(2, {Bytes(2), Bytes(3)}));
  for (int64_t i = 1; i <= 3; ++i) {
    std::optional<Item> item = service_.chat->Read();
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(item->number(), i);
  }
  client_.Publish(With(FromCaller(4, {}), "mqrpc-stream-length", "3"));
  EXPECT_EQ(service_.chat->Read(), std::nullopt);
  EXPECT_THAT(service_.chat->status(), IsOk());
}

TEST_F(ServerStreamTest, AGapEndsItWithDataLoss) {
  Start();
  Open("Chat");
  client_.Publish(FromCaller(1, {Bytes(1)}));
  client_.Publish(FromCaller(3, {Bytes(3)}));
  EXPECT_TRUE(service_.chat->context().IsCancelled());
  EXPECT_TRUE(service_.chat->Read().has_value());
  EXPECT_EQ(service_.chat->Read(), std::nullopt);
  service_.chat->Finish(absl::OkStatus());
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(Property(received[0], "mqrpc-status"), kDataLoss);
  EXPECT_THAT(received[0].payload, HasSubstr("frames 2 to 2"));
}

TEST_F(ServerStreamTest, SoDoesAnEndThatComesTooEarly) {
  Start();
  Open("Sum");
  client_.Publish(FromCaller(1, {Bytes(1)}));
  client_.Publish(With(FromCaller(2, {}), "mqrpc-stream-length", "2"));
  EXPECT_TRUE(service_.sum->Read().has_value());
  service_.sum->Finish(MakeItem(1));
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(Property(received[0], "mqrpc-status"), kDataLoss);
}

TEST_F(ServerStreamTest, MoreThanTheServerAskedForEndsIt) {
  Start({.max_unread_messages = 2});
  Open("Chat");
  client_.Publish(FromCaller(1, {Bytes(1), Bytes(2), Bytes(3)}));
  service_.chat->Finish(absl::OkStatus());
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(Property(received[0], "mqrpc-status"), kResourceExhausted);
}

TEST_F(ServerStreamTest, CreditIsGivenAsRequestsAreRead) {
  Start({.max_unread_messages = 4});
  Open("Chat");
  client_.Publish(FromCaller(1, {Bytes(1), Bytes(2), Bytes(3)}));
  EXPECT_TRUE(service_.chat->Read().has_value());
  EXPECT_THAT(Received(), IsEmpty());
  EXPECT_TRUE(service_.chat->Read().has_value());
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_THAT(Property(received[0], "mqrpc-credit"), HasSubstr("6 "));
}

TEST_F(ServerStreamTest, AMessageMayComeInPieces) {
  Start();
  Open("Chat");
  Item item;
  item.set_data(std::string(50, 'x'));
  std::string bytes = item.SerializeAsString();
  client_.Publish(With(FromCaller(1, {Bytes(1), bytes.substr(0, 20)}), "mqrpc-more", "1"));
  EXPECT_TRUE(service_.chat->Read().has_value());
  client_.Publish(With(FromCaller(3, {bytes.substr(20, 20)}), "mqrpc-more", "1"));
  client_.Publish(FromCaller(4, {bytes.substr(40), Bytes(2)}));
  std::optional<Item> whole = service_.chat->Read();
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->data(), item.data());
  ASSERT_TRUE(service_.chat->Read().has_value());
}

TEST_F(ServerStreamTest, BothEndsSayThatTheyAreThere) {
  Start();
  Open("Count");
  for (int i = 0; i < 10; ++i) {
    network_.loop.Advance(absl::Seconds(5));
    EXPECT_THAT(Received(), SizeIs(1));
    client_.Publish(With(FromCaller(1, {}), "mqrpc-credit", "10 1000"));
  }
  EXPECT_FALSE(service_.count->context().IsCancelled());
}

TEST_F(ServerStreamTest, ACallerThatIsSilentIsGone) {
  Start();
  Open("Count");
  network_.loop.Advance(absl::Seconds(21));
  EXPECT_TRUE(service_.count->context().IsCancelled());
  EXPECT_FALSE(service_.count->Write(MakeItem(1)));
  Received();
  service_.count->Finish(absl::OkStatus());
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(Property(received[0], "mqrpc-status"), kUnavailable);
}

TEST_F(ServerStreamTest, OneThatKnowsNothingOfCreditMayBeSilent) {
  Start();
  Open("Count", "");
  network_.loop.Advance(absl::Minutes(1));
  EXPECT_THAT(Received(), IsEmpty());
  for (int64_t i = 0; i < 20; ++i) EXPECT_TRUE(service_.count->Write(MakeItem(i)));
  EXPECT_THAT(Received(), SizeIs(1));
}

TEST_F(ServerStreamTest, NorNeedItStreamItsRequests) {
  Start();
  Message opening = Opening("Sum", "", false);
  opening.payload = Bytes(7);
  client_.Publish(opening);
  std::optional<Item> only = service_.sum->Read();
  ASSERT_TRUE(only.has_value());
  EXPECT_EQ(only->number(), 7);
  EXPECT_EQ(service_.sum->Read(), std::nullopt);
  EXPECT_THAT(service_.sum->status(), IsOk());
  service_.sum->Finish(MakeItem(7));
  EXPECT_EQ(Received().back().payload, Bytes(7));
}

TEST_F(ServerStreamTest, ACancelEndsIt) {
  Start();
  Open("Chat");
  client_.Publish(
      {.topic = "mqrpc/cancels/mqrpc.tests.Feed",
       .response_topic = "answers/caller",
       .correlation_data = "call"});
  EXPECT_TRUE(service_.chat->context().IsCancelled());
  EXPECT_EQ(service_.chat->Read(), std::nullopt);
  EXPECT_THAT(service_.chat->status(), StatusIs(absl::StatusCode::kCancelled, ::testing::_));
  service_.chat->Finish(absl::OkStatus());
  EXPECT_THAT(Received(), IsEmpty());
  EXPECT_EQ(server_->stats().calls_running, 0u);
}

TEST_F(ServerStreamTest, AndAlsoOneWhoseHandlerHasFinished) {
  Start();
  Open("Count", "0 0");
  EXPECT_TRUE(service_.count->Write(MakeItem(1)));
  service_.count->Finish(absl::OkStatus());
  network_.loop.RunUntilIdle();
  EXPECT_EQ(server_->stats().calls_running, 1u);
  client_.Publish(
      {.topic = "mqrpc/cancels/mqrpc.tests.Feed",
       .response_topic = "answers/caller",
       .correlation_data = "call"});
  EXPECT_EQ(server_->stats().calls_running, 0u);
}

TEST_F(ServerStreamTest, ItsTimeIsUp) {
  Start();
  Open("Count", "");
  network_.loop.Advance(absl::Hours(1));
  EXPECT_TRUE(service_.count->context().IsCancelled());
  EXPECT_FALSE(service_.count->Write(MakeItem(1)));
}

TEST_F(ServerStreamTest, ACallerWhoseSubscriptionIsGoneIsGone) {
  Start();
  Message opening = Opening("Count", "10 1000", false);
  opening.response_topic = "nobody/listens";
  client_.Publish(opening);
  EXPECT_TRUE(service_.count->context().IsCancelled());
  EXPECT_FALSE(service_.count->Write(MakeItem(1)));
}

TEST_F(ServerStreamTest, ARepeatedOpeningOpensNothing) {
  Start();
  Open("Chat");
  client_.Publish(Opening("Chat", "10 1000", true));
  EXPECT_THAT(Received(), IsEmpty());
  EXPECT_EQ(server_->stats().repeated_requests, 1u);
}

TEST_F(ServerStreamTest, WhoAsksForAStreamThatIsNotHereIsTold) {
  Start();
  Open("Chat");
  client_.Publish({.topic = server_topic_, .payload = "nonsense"});
  Message other = FromCaller(1, {Bytes(1)});
  other.correlation_data = "another";
  client_.Publish(other);  // that it had written before it was told
  EXPECT_THAT(Received(), IsEmpty());
  client_.Publish(With(other, "mqrpc-credit", "10 1000"));
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].correlation_data, "another");
  EXPECT_EQ(Property(received[0], "mqrpc-status"), kUnavailable);
}

TEST_F(ServerStreamTest, WhatCannotBeOneIsRefused) {
  Start();
  Message opening = Opening("Count", "", false);
  opening.correlation_data.reset();
  client_.Publish(opening);
  ASSERT_THAT(client_.received(), SizeIs(1));
  EXPECT_EQ(Property(client_.received()[0], "mqrpc-status"), kInvalidArgument);
  EXPECT_THAT(client_.received()[0].payload, HasSubstr("Correlation Data"));

  client_.Publish(With(Opening("Count", "", false), "mqrpc-stream", "1"));
  ASSERT_THAT(client_.received(), SizeIs(2));
  EXPECT_EQ(Property(client_.received()[1], "mqrpc-status"), kInvalidArgument);
  EXPECT_THAT(client_.received()[1].payload, HasSubstr("takes one request"));
}

TEST_F(ServerStreamTest, ARequestThatDoesNotParseIsTheCallersFault) {
  Start();
  Open("Sum");
  client_.Publish(FromCaller(1, {"\xff\xff"}));
  EXPECT_EQ(service_.sum->Read(), std::nullopt);
  service_.sum->Finish(MakeItem(0));
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(Property(received[0], "mqrpc-status"), kInvalidArgument);
}

TEST_F(ServerStreamTest, PartsThatAreNoneEndIt) {
  Start();
  Open("Chat");
  Message part = FromCaller(1, {});
  part.payload = "\xff";
  client_.Publish(part);
  EXPECT_TRUE(service_.chat->context().IsCancelled());
}

TEST_F(ServerStreamTest, OneThatIsDroppedIsAnswered) {
  Start();
  Open("Chat");
  service_.chat.reset();
  std::vector<Message> received = Received();
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(Property(received[0], "mqrpc-status"), "13");
}

TEST_F(ServerStreamTest, StreamsMayOutliveTheirServer) {
  Start();
  Open("Chat");
  server_.reset();
  EXPECT_FALSE(service_.chat->Write(MakeItem(1)));
  EXPECT_EQ(service_.chat->Read(), std::nullopt);
  service_.chat->Finish(absl::OkStatus());
}

}  // namespace
}  // namespace mqrpc::tests

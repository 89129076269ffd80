// Calls in JSON, as plain MQTT tools make them.

#include <string>
#include <utility>

#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/status.pb.h"
#include "mqrpc/status_details.h"
#include "status_matchers.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class JsonTest : public VirtualServerTest<FakeEcho> {
 protected:
  JsonTest() { service_.say = SayTheSame; }

  // What comes back.
  Message Ask(std::string payload, std::string content_type = "application/json") {
    client_.Publish(
        {.topic = "mqrpc/services/mqrpc.tests.Echo/Say",
         .payload = std::move(payload),
         .response_topic = "answers/here",
         .content_type = std::move(content_type)});
    EXPECT_FALSE(client_.received().empty());
    return client_.received().empty() ? Message() : client_.received().back();
  }

  Status AskForError(std::string payload) {
    Message reply = Ask(std::move(payload));
    EXPECT_EQ(reply.content_type, "application/json");
    EXPECT_TRUE(reply.payload_is_utf8);
    Status envelope;
    EXPECT_THAT(ParseInto(reply.payload, envelope, Encoding::kJson), IsOk()) << reply.payload;
    EXPECT_THAT(
        reply.user_properties,
        Contains(Pair("mqrpc-status", std::to_string(envelope.code()))));
    return envelope;
  }
};

TEST_F(JsonTest, IsAnsweredInJson) {
  Start();
  Message reply = Ask(R"({"text": "Grüße"})");

  EXPECT_EQ(reply.payload, R"({"text":"Grüße"})");
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_TRUE(reply.payload_is_utf8);
  EXPECT_THAT(reply.user_properties, IsEmpty());
}

TEST_F(JsonTest, ItsTypeMayHaveParametersWhichComeBack) {
  Start();
  Message reply = Ask(R"({"text": "x"})", "Application/JSON; charset=utf-8");

  EXPECT_EQ(reply.payload, R"({"text":"x"})");
  EXPECT_EQ(reply.content_type, "Application/JSON; charset=utf-8");
}

TEST_F(JsonTest, NothingIsAnEmptyMessage) {
  Start();
  EXPECT_EQ(Ask("").payload, "{}");
  EXPECT_EQ(Ask("{}").payload, "{}");
}

TEST_F(JsonTest, ProtobufIsAnsweredInProtobuf) {
  Start();
  Message reply = Ask(MakeText("x").SerializeAsString(), "application/protobuf");

  EXPECT_EQ(reply.payload, MakeText("x").SerializeAsString());
  EXPECT_EQ(reply.content_type, "application/protobuf");
  EXPECT_FALSE(reply.payload_is_utf8);
}

TEST_F(JsonTest, WhatDoesNotParseIsToldWhere) {
  Start();
  Status unended = AskForError(R"({"text": "x")");
  EXPECT_EQ(unended.code(), 3);
  EXPECT_THAT(unended.message(), HasSubstr("JSON that does not parse as mqrpc.tests.Text"));

  EXPECT_THAT(AskForError(R"({"text": {"x": 1}})").message(), HasSubstr("text"));
  EXPECT_THAT(AskForError(R"({"colour": "red"})").message(), HasSubstr("colour"));
  EXPECT_THAT(
      AskForError(R"({"text": nonsense})").message(),
      AllOf(HasSubstr("nonsense"), HasSubstr("^")));
  EXPECT_EQ(AskForError("\xff").code(), 3);
  EXPECT_EQ(AskForError("[]").code(), 3);
  EXPECT_EQ(AskForError(std::string(20'000, '[')).code(), 3);
}

TEST_F(JsonTest, AnErrorComesWithItsDetails) {
  service_.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    absl::Status status = absl::OutOfRangeError("too \"loud\"");
    Reason reason;
    reason.set_number(7);
    AddDetail(status, reason);
    return status;
  };
  Start();
  Status error = AskForError("{}");

  EXPECT_EQ(error.code(), 11);
  EXPECT_EQ(error.message(), "too \"loud\"");
  ASSERT_EQ(error.details_size(), 1);
  Reason reason;
  ASSERT_TRUE(error.details(0).UnpackTo(&reason));
  EXPECT_EQ(reason.number(), 7);
}

TEST_F(JsonTest, ADetailOfAnUnknownTypeIsLeftOut) {
  service_.say = [](ServerContext&, const Text&) -> absl::StatusOr<Text> {
    absl::Status status = absl::OutOfRangeError("too loud");
    status.SetPayload("type.googleapis.com/nobody.Knows", absl::Cord("x"));
    return status;
  };
  Start();
  Status error = AskForError("{}");

  EXPECT_EQ(error.message(), "too loud");
  EXPECT_EQ(error.details_size(), 0);
}

TEST_F(JsonTest, OthersAreRefusedByName) {
  Start();
  Message reply = Ask("<text/>", "application/xml");

  EXPECT_THAT(reply.user_properties, Contains(Pair("mqrpc-status", "3")));
  EXPECT_THAT(reply.payload, AllOf(HasSubstr("application/xml"), HasSubstr("application/json")));
}

TEST(SerializeTest, JsonIsThereAndBack) {
  absl::StatusOr<std::string> json = Serialize(MakeText("\"\n"), Encoding::kJson);
  ASSERT_THAT(json, IsOk());
  Text text = MakeText("before");
  EXPECT_THAT(ParseInto(*json, text, Encoding::kJson), IsOk());
  EXPECT_EQ(text.text(), "\"\n");
}

}  // namespace
}  // namespace mqrpc::tests

#include "topic_template.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "request_field.h"
#include "status_matchers.h"
#include "topics.pb.h"

namespace mqrpc::internal {
namespace {

using ::mqrpc::tests::IsOk;
using ::mqrpc::tests::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TopicTemplate Parsed(std::string_view text) { return *TopicTemplate::Parse(text, "tenants/acme"); }

TEST(TopicTemplateTest, BindsWhatItIsTold) {
  auto topic = Parsed("{prefix}/plants/{plant}/{request.a.b}").Bind([](std::string_view token) {
    return absl::StatusOr<std::string>(token == "plant" ? "north" : "7");
  });
  ASSERT_THAT(topic, IsOk());
  EXPECT_EQ(*topic, "tenants/acme/plants/north/7");
}

TEST(TopicTemplateTest, RefusesValuesThatAreNoLevel) {
  for (std::string value : {"", "a/b", "+", "#", "$a", "a\n"}) {
    EXPECT_THAT(
        Parsed("a/{plant}").Bind([&](std::string_view) {
          return absl::StatusOr<std::string>(value);
        }),
        StatusIs(kInvalid, HasSubstr("topic token {plant}")))
        << value;
    EXPECT_THAT(
        Parsed("a/{plant}").Filter({{"plant", value}}),
        StatusIs(kInvalid, HasSubstr("topic token {plant}")))
        << value;
  }
}

TEST(TopicTemplateTest, WhatIsNotBoundMayBeAnything) {
  TopicTemplate valve = Parsed("plants/{plant}/{kind}/turn");
  EXPECT_EQ(*valve.Filter({}), "plants/+/+/turn");
  EXPECT_EQ(*valve.Filter({{"plant", "north"}}), "plants/north/+/turn");
  EXPECT_THAT(
      valve.TokensOf("plants/north/ball/turn"),
      ElementsAre(Pair("plant", "north"), Pair("kind", "ball")));
}

TEST(TopicTemplateTest, OverlapsAreFound) {
  EXPECT_TRUE(FiltersOverlap("a/b", "a/b"));
  EXPECT_TRUE(FiltersOverlap("a/+", "+/b"));
  EXPECT_TRUE(FiltersOverlap("a/b/c", "a/#"));
  EXPECT_TRUE(FiltersOverlap("a", "a/#"));
  EXPECT_FALSE(FiltersOverlap("a/+", "a/b/c"));
  EXPECT_FALSE(FiltersOverlap("a/b", "a/c"));
  EXPECT_FALSE(FiltersOverlap("+/b/c", "a/+/d"));
  EXPECT_FALSE(FiltersOverlap("ab", "a"));
}

TEST(RequestFieldTest, IsFoundByItsPath) {
  mqrpc::tests::ValveRequest request;
  request.mutable_valve()->set_number(-7);
  request.set_text("hello");
  EXPECT_EQ(*TextOfField(request, "valve.number"), "-7");
  EXPECT_EQ(*TextOfField(request, "text"), "hello");
  EXPECT_EQ(*TextOfField(mqrpc::tests::ValveRequest(), "text"), "");
  EXPECT_THAT(TextOfField(request, "valve"), StatusIs(kInvalid, HasSubstr("valve")));
  EXPECT_THAT(TextOfField(request, "valve.name"), StatusIs(kInvalid, HasSubstr("no field name")));
  EXPECT_THAT(TextOfField(request, "text.a"), StatusIs(kInvalid, HasSubstr("not a message")));
}

TEST(RequestFieldTest, OfTheTopicIsThatOfTheRequest) {
  mqrpc::tests::ValveRequest request;
  request.set_text("hello");
  EXPECT_THAT(CheckTopicFields({{"plant", "x"}, {"request.text", "hello"}}, request), IsOk());
  EXPECT_THAT(
      CheckTopicFields({{"request.text", "bye"}}, request),
      StatusIs(kInvalid, "text is \"hello\" in the request, and \"bye\" in its topic"));
}

}  // namespace
}  // namespace mqrpc::internal

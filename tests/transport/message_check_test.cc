#include "message_check.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const Message& message) {
  absl::Status status = CheckMessage(message);
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(CheckMessage, TakesWhatMqttCarries) {
  EXPECT_EQ(ErrorOf({.topic = "a"}), "");
  EXPECT_EQ(
      ErrorOf(
          {.topic = "a/b",
           .payload = std::string("\0\xff", 2),
           .response_topic = "c",
           .correlation_data = std::string("\0\xff", 2),
           .content_type = "application/json",
           .user_properties = {{"ключ", "значение"}}}),
      "");
  EXPECT_EQ(ErrorOf({.topic = "a", .payload = "тест\n", .payload_is_utf8 = true}), "");
}

// That each part is looked at, and named, is in the contract of the transports.
TEST(CheckMessage, NamesTheUserProperty) {
  EXPECT_THAT(
      ErrorOf({.topic = "a", .user_properties = {{"fine", "x"}, {"trace\x01", "x"}}}),
      HasSubstr("user property key \"trace\\x01\" has the control character U+0001"));
  EXPECT_THAT(
      ErrorOf({.topic = "a", .user_properties = {{"fine", "x"}, {"trace", "\n"}, {"b", "\xff"}}}),
      HasSubstr("the value of user property \"trace\" \"\\n\" has the control character"));
}

// libmosquitto 2.0 crashes on them.
TEST(CheckMessage, RefusesEmptyStringsInProperties) {
  EXPECT_EQ(ErrorOf({.topic = "a", .content_type = ""}), "content type is empty");
  EXPECT_EQ(
      ErrorOf({.topic = "a", .user_properties = {{"", "value"}}}),
      "user property key is empty");
  EXPECT_EQ(
      ErrorOf({.topic = "a", .user_properties = {{"key", ""}}}),
      "the value of user property \"key\" is empty");
}

}  // namespace
}  // namespace mqrpc::internal

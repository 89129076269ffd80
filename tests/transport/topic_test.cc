#include "topic.h"

#include <mosquitto.h>

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

using ::testing::HasSubstr;

bool IsRefused(const absl::Status& status) {
  return status.code() == absl::StatusCode::kInvalidArgument;
}

bool IsCarried(const std::string& value) { return CheckString("string", value).ok(); }

bool MosquittoCarries(const std::string& value) {
  return mosquitto_validate_utf8(value.data(), static_cast<int>(value.size())) == MOSQ_ERR_SUCCESS;
}

std::string Encode(uint32_t code) {
  auto tail = [code](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

TEST(CheckString, AgreesWithMosquittoOnEveryCharacter) {
  for (uint32_t code = 0; code < 0x120000; ++code) {
    std::string value = Encode(code);
    ASSERT_EQ(IsCarried(value), MosquittoCarries(value)) << std::hex << code;
  }
}

TEST(CheckString, AgreesWithMosquittoOnMalformedBytes) {
  const std::vector<std::string> values = {
      "",
      "plain",
      "\x80",
      "\xc0\x80",
      "\xc1\xbf",
      "\xc2",
      "\xc2x",
      "\xe0\x80\x80",
      "\xe0\x9f\xbf",
      "\xe2\x82",
      "\xe2(\xa1",
      "\xed\xa0\x80",
      "\xf0\x80\x80\x80",
      "\xf0\x8f\xbf\xbf",
      "\xf4\x90\x80\x80",
      "\xf5",
      "\xff",
      "a\xf0\x9f\x98",
      "\xef\xbf\xbe",
      "\xf0\x9f\x98\x80",
  };
  for (const std::string& value : values) {
    EXPECT_EQ(IsCarried(value), MosquittoCarries(value)) << ::testing::PrintToString(value);
  }
}

TEST(CheckString, AgreesWithMosquittoOnRandomBytes) {
  std::mt19937 random(2024);
  // The bytes that matter: leading, continuing, and the limits of both.
  const std::string bytes =
      "a/\x7f\x80\x8f\x90\x9f\xa0\xbe\xbf\xc0\xc2\xdf\xe0\xed\xef\xf0\xf4\xf5";
  for (int i = 0; i < 300'000; ++i) {
    std::string value(random() % 7, '\0');
    for (char& byte : value) byte = i % 2 ? bytes[random() % bytes.size()] : char(random());
    ASSERT_EQ(IsCarried(value), MosquittoCarries(value)) << ::testing::PrintToString(value);
  }
}

TEST(CheckString, IsBounded) {
  EXPECT_TRUE(IsCarried(std::string(65'535, 'x')));
  EXPECT_FALSE(IsCarried(std::string(65'536, 'x')));
}

TEST(CheckString, SaysWhatCameAndWhatMay) {
  EXPECT_EQ(
      CheckString("user property key", "a\tb").message(),
      "user property key \"a\\tb\" has the control character U+0009 at byte 1; allowed: at most "
      "65535 bytes of UTF-8 without control characters or non-characters");
  absl::Status status = CheckString("topic", std::string(70'000, 'x'));
  EXPECT_THAT(std::string(status.message()), HasSubstr("xxx...\" has 70000 bytes"));
  EXPECT_LT(status.message().size(), 300u);
}

TEST(IsUtf8, AllowsControlCharacters) {
  EXPECT_TRUE(IsUtf8(std::string("a\0\t\n\xc2\x80", 6)));
  EXPECT_TRUE(IsUtf8("\xef\xbf\xbf"));
  EXPECT_FALSE(IsUtf8("\xff"));
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80"));
}

TEST(SplitShared, TakesTheGroupOff) {
  EXPECT_EQ(SplitShared("$share/g/a/+").group, "g");
  EXPECT_EQ(SplitShared("$share/g/a/+").filter, "a/+");
  EXPECT_EQ(SplitShared("$share/g//a").filter, "/a");
  for (const char* plain : {"a/b", "$share", "$share/g", "$share//a", "$share/g/", "$shared/g/a"}) {
    EXPECT_EQ(SplitShared(plain).group, "") << plain;
    EXPECT_EQ(SplitShared(plain).filter, plain);
  }
}

struct Match {
  const char* filter;
  const char* topic;
  bool matches;
};

TEST(TopicMatches, AsMqttHasIt) {
  constexpr Match kMatches[] = {
      {"a", "a", true},           {"a", "b", false},
      {"a", "ab", false},         {"ab", "a", false},
      {"a/b", "a/b", true},       {"a/b", "a", false},
      {"a/", "a", false},         {"a/", "a/", true},
      {"/a", "a", false},         {"/a", "/a", true},
      {"+", "a", true},           {"+", "a/b", false},
      {"+", "/a", false},         {"+/+", "/a", true},
      {"/+", "/a", true},         {"+/a", "/a", true},
      {"a/+", "a/", true},        {"a/+", "a", false},
      {"a/+/c", "a/b/c", true},   {"a/+/c", "a//c", true},
      {"a/+/c", "a/b/d", false},  {"a/+/c", "a/b/c/d", false},
      {"a/+/+", "a/b/c", true},   {"a/+/+", "a/b", false},
      {"#", "a", true},           {"#", "a/b/c", true},
      {"#", "/", true},           {"a/#", "a", true},
      {"a/#", "a/", true},        {"a/#", "a/b/c", true},
      {"a/#", "ab", false},       {"a/#", "b/a", false},
      {"a/b/#", "a", false},      {"+/#", "a", true},
      {"+/#", "a/b/c", true},     {"+/b/#", "a/b", true},
      {"+/b/#", "a/c", false},    {"#", "$SYS/a", false},
      {"+/a", "$SYS/a", false},   {"$SYS/#", "$SYS/a", true},
      {"$SYS/+", "$SYS/a", true}, {"$SYS/a", "$SYS/a", true},
      {"a/#", "a/$b", true},      {"A", "a", false},
      {"", "a", false},           {"a", "", false},
  };
  for (const Match& match : kMatches) {
    EXPECT_EQ(TopicMatches(match.filter, match.topic), match.matches)
        << match.filter << " and " << match.topic;
  }
}

TEST(TopicMatches, AgreesWithMosquitto) {
  std::mt19937 random(2024);
  auto make = [&random](const char* alphabet, size_t size) {
    std::string made;
    for (size_t i = 1 + random() % 7; i > 0; --i) made += alphabet[random() % size];
    return made;
  };
  for (int i = 0; i < 300'000; ++i) {
    std::string filter = make("aab//+#$", 8);
    std::string topic = make("aab//$", 6);
    bool matches = false;
    if (!CheckFilter("filter", filter).ok()) continue;
    if (mosquitto_topic_matches_sub(filter.c_str(), topic.c_str(), &matches) != 0) continue;
    ASSERT_EQ(TopicMatches(filter, topic), matches) << filter << " and " << topic;
  }
}

TEST(CheckTopic, RefusesWildcardsAndNothing) {
  EXPECT_TRUE(CheckTopic("topic", "a/b").ok());
  EXPECT_TRUE(CheckTopic("topic", "/").ok());
  for (const char* topic : {"", "+", "a/#", "a+b", "a\n"}) {
    EXPECT_TRUE(IsRefused(CheckTopic("topic", topic))) << topic;
  }
}

TEST(CheckFilter, KnowsWhereWildcardsMayBe) {
  for (const char* filter : {"a", "+", "#", "a/+", "+/+", "a/+/b/#", "/", "$share/g/+", "$SYS/#"}) {
    EXPECT_TRUE(CheckFilter("filter", filter).ok()) << filter;
    EXPECT_EQ(mosquitto_sub_topic_check(filter), MOSQ_ERR_SUCCESS) << filter;
  }
  for (const char* filter : {"", "a+", "+a", "a/b+/c", "#/", "a#", "##", "a/#/b", "++"}) {
    EXPECT_TRUE(IsRefused(CheckFilter("filter", filter))) << filter;
  }
  for (const char* filter :
       {"$share",
        "$share/",
        "$share/g",
        "$share/g/",
        "$share//a",
        "$share/+/a",
        "$share/#/a",
        "$share/g/a+"}) {
    EXPECT_TRUE(IsRefused(CheckFilter("filter", filter))) << filter;
  }
}

TEST(CheckLevel, IsOneLevelOfOurs) {
  for (const char* level : {"a", "a.b-c_d", "a$", "имя", "a b"}) {
    EXPECT_TRUE(CheckLevel("client id", level).ok()) << level;
  }
  for (const char* level : {"", "a/b", "/", "+", "a#", "$a", "\t", "\xff"}) {
    EXPECT_TRUE(IsRefused(CheckLevel("client id", level))) << level;
  }
  EXPECT_TRUE(CheckLevel("client id", std::string(128, 'x')).ok());
  EXPECT_TRUE(IsRefused(CheckLevel("client id", std::string(129, 'x'))));
  EXPECT_EQ(
      CheckLevel("client id", "a/b").message(),
      "client id \"a/b\" has a /; allowed: one topic level: 1 to 128 bytes without /, + or #, not "
      "beginning with $");
}

TEST(CheckPrefix, IsLevelsOfOurs) {
  for (const char* prefix : {"mqrpc", "tenants/acme", "a/b/c"}) {
    EXPECT_TRUE(CheckPrefix("prefix", prefix).ok()) << prefix;
  }
  for (const char* prefix : {"", "/", "a/", "/a", "a//b", "$a", "a/$b", "a/+", "#", "a\x01"}) {
    EXPECT_TRUE(IsRefused(CheckPrefix("prefix", prefix))) << prefix;
  }
  EXPECT_TRUE(IsRefused(CheckPrefix("prefix", "a/" + std::string(129, 'x'))));
  EXPECT_THAT(
      std::string(CheckPrefix("ChannelOptions::prefix", "a//b").message()),
      HasSubstr("ChannelOptions::prefix \"a//b\" has a level that is empty; allowed: "));
}

}  // namespace
}  // namespace mqrpc::internal

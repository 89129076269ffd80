#include "protoc-plugin/utf8.h"

#include <gtest/gtest.h>

#include <string_view>

namespace mqrpc::plugin {
namespace {

using namespace std::string_view_literals;

TEST(Utf8Test, KeepsWhatCanBeShown) {
  for (const std::string_view text :
       {"", "plain ~", "größer", "числа", "数字", "a\u0301", "🙂"}) {
    EXPECT_EQ(PrintableUtf8(text), text);
  }
}

TEST(Utf8Test, ReplacesControlCharacters) {
  EXPECT_EQ(PrintableUtf8("a\tb"), "a b");
  EXPECT_EQ(PrintableUtf8("a\0b\x07\x7f\u0085"sv), "a?b???");
}

TEST(Utf8Test, ReplacesMarksOfDirection) {
  EXPECT_EQ(PrintableUtf8("\u202e\u2066\u200f\u2028"), "????");
}

TEST(Utf8Test, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(PrintableUtf8("\xff|"), "?|");
  EXPECT_EQ(PrintableUtf8("\xc3|"), "?|");
  EXPECT_EQ(PrintableUtf8("\xc3"), "?");
  EXPECT_EQ(PrintableUtf8("\xc0\x80|"), "??|");
  EXPECT_EQ(PrintableUtf8("\xe0\x80\x80|"), "???|");
  EXPECT_EQ(PrintableUtf8("\xed\xa0\x80|"), "???|");
  EXPECT_EQ(PrintableUtf8("\xf4\x90\x80\x80|"), "????|");
}

TEST(Utf8Test, CountsColumns) {
  EXPECT_EQ(Columns(""), 0u);
  EXPECT_EQ(Columns("plain"), 5u);
  EXPECT_EQ(Columns("größer"), 6u);
  EXPECT_EQ(Columns("числа – 1"), 9u);
  EXPECT_EQ(Columns("数字"), 4u);
}

TEST(Utf8Test, CountsBytesWhereColumnsAreHardToTell) { EXPECT_EQ(Columns("é🙂"), 6u); }

}  // namespace
}  // namespace mqrpc::plugin

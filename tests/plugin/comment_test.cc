#include "protoc-plugin/comment.h"

#include <gtest/gtest.h>

#include <string>

namespace mqrpc::plugin {
namespace {

const std::string k50(50, 'x');
const std::string k97(97, 'x');

TEST(CommentTest, NoTextIsNoComment) {
  EXPECT_EQ(CommentLines("", 4), "");
  EXPECT_EQ(CommentLines("\n \n", 4), "");
}

TEST(CommentTest, KeepsLinesAndTheirIndent) {
  EXPECT_EQ(CommentLines(" one\n\n   two\nthree\n", 2), "  // one\n  //\n  //   two\n  // three\n");
}

TEST(CommentTest, DropsBlankLinesAtBothEnds) {
  EXPECT_EQ(CommentLines("\n\n text\n\n", 0), "// text\n");
}

TEST(CommentTest, DropsSpaceAndCarriageReturnsAtTheEndOfLines) {
  EXPECT_EQ(CommentLines(" one \t\r\n two\r\n", 0), "// one\n// two\n");
}

TEST(CommentTest, DropsMarksOfDocumentationComments) {
  EXPECT_EQ(CommentLines("/ one\n/\n/ two\n//////\n", 0), "// one\n//\n// two\n");
  EXPECT_EQ(CommentLines("* one\n two\n", 0), "// one\n// two\n");
  EXPECT_EQ(CommentLines(" * a list\n", 0), "// * a list\n");
  EXPECT_EQ(CommentLines("/etc/mosquitto\n", 0), "// /etc/mosquitto\n");
}

TEST(CommentTest, WrapsAtTheLimitOnly) {
  EXPECT_EQ(CommentLines(k97, 0), "// " + k97 + "\n");
  EXPECT_EQ(
      CommentLines(k50 + " " + std::string(46, 'y'), 0),
      "// " + k50 + " " + std::string(46, 'y') + "\n");
  EXPECT_EQ(
      CommentLines(k50 + " " + std::string(47, 'y'), 0),
      "// " + k50 + "\n// " + std::string(47, 'y') + "\n");
  EXPECT_EQ(
      CommentLines(k50 + " " + std::string(46, 'y'), 1),
      " // " + k50 + "\n // " + std::string(46, 'y') + "\n");
}

TEST(CommentTest, WrappedLinesKeepTheirIndent) {
  EXPECT_EQ(CommentLines("   " + k50 + " " + k50, 0), "//   " + k50 + "\n//   " + k50 + "\n");
}

TEST(CommentTest, TheNextLineOfAParagraphTakesTheRest) {
  EXPECT_EQ(
      CommentLines(" " + k50 + " " + k50 + "\n and so on", 0),
      "// " + k50 + "\n// " + k50 + " and so on\n");
}

// Two words on one line that it does not hold both, then `next` and another line.
std::string BeforeLine(const std::string& next) {
  return CommentLines(" " + k50 + " " + k50 + "\n" + next + "\n end", 0);
}

TEST(CommentTest, ListsCodeAndParagraphsTakeNoRest) {
  const std::string wrapped = "// " + k50 + "\n// " + k50 + "\n";
  EXPECT_EQ(BeforeLine(" - item"), wrapped + "// - item\n// end\n");
  EXPECT_EQ(BeforeLine(" 1. item"), wrapped + "// 1. item\n// end\n");
  EXPECT_EQ(BeforeLine("   code"), wrapped + "//   code\n// end\n");
  EXPECT_EQ(BeforeLine(""), wrapped + "//\n// end\n");
}

TEST(CommentTest, WordsBeyondTheLimitHaveALineOfTheirOwn) {
  EXPECT_EQ(
      CommentLines("see " + k97 + k50 + " there", 0),
      "// see\n// " + k97 + k50 + "\n// there\n");
}

TEST(CommentTest, NoLineContinuesOnTheNext) {
  EXPECT_EQ(CommentLines(" a \\\n b\n", 0), "// a \\...\n// b\n");
  EXPECT_EQ(
      CommentLines(
          " a ?"
          "?/\n b\n",
          0),
      "// a ?"
      "?/...\n// b\n");
  EXPECT_EQ(CommentLines(" a \\ \n b\n", 0), "// a \\...\n// b\n");
}

TEST(CommentTest, NoWrappedLineContinuesOnTheNext) {
  EXPECT_EQ(CommentLines(k50 + " \\ " + k50, 0), "// " + k50 + " \\...\n// " + k50 + "\n");
  const std::string k46(46, 'y');
  EXPECT_EQ(CommentLines(k50 + " " + k46 + "\\", 0), "// " + k50 + "\n// " + k46 + "\\...\n");
}

}  // namespace
}  // namespace mqrpc::plugin

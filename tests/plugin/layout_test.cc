#include "protoc-plugin/layout.h"

#include <gtest/gtest.h>

#include <string>

namespace mqrpc::plugin {
namespace {

Function WithName(size_t length) {
  return {
      .result = "int",
      .name = std::string(length, 'f'),
      .parameters = {"int a", "int b"},
      .end = ";"};
}

TEST(LayoutTest, AFunctionThatFitsIsOnOneLine) {
  EXPECT_EQ(FunctionLines(WithName(3), 2), "  int fff(int a, int b);\n");
}

TEST(LayoutTest, OneThatDoesNotHasAParameterALine) {
  const std::string at_limit = FunctionLines(WithName(100 - 19), 0);
  EXPECT_EQ(at_limit.size(), 101u);
  EXPECT_EQ(at_limit.find('\n'), 100u);
  const std::string name(100 - 18, 'f');
  EXPECT_EQ(FunctionLines(WithName(100 - 18), 0), "int " + name + "(\n    int a,\n    int b);\n");
}

TEST(LayoutTest, ALongResultIsAboveTheName) {
  Function function = WithName(3);
  function.result = std::string(98, 'r');
  EXPECT_EQ(FunctionLines(function, 0), function.result + "\nfff(int a, int b);\n");
}

TEST(LayoutTest, LinesBeyondTheLimitAreGuarded) {
  const std::string fits = "  " + std::string(98, 'x') + "\n";
  const std::string does_not = "  " + std::string(99, 'x') + "\n";
  EXPECT_EQ(Guarded(fits, 2), fits);
  EXPECT_EQ(Guarded(does_not, 2), "  // clang-format off\n" + does_not + "  // clang-format on\n");
}

TEST(LayoutTest, Namespaces) {
  EXPECT_EQ(OpenNamespace({}), "");
  EXPECT_EQ(CloseNamespace({}), "");
  EXPECT_EQ(OpenNamespace({"a", "b"}), "namespace a::b {\n");
  EXPECT_EQ(CloseNamespace({"a", "b"}), "}  // namespace a::b\n");
  const std::string a(42, 'a');
  const std::string b(41, 'b');
  EXPECT_EQ(OpenNamespace({a, b}), "namespace " + a + " {\nnamespace " + b + " {\n");
  EXPECT_EQ(CloseNamespace({a, b}), "}  // namespace " + b + "\n}  // namespace " + a + "\n");
}

}  // namespace
}  // namespace mqrpc::plugin

#include "protoc-plugin/keywords.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mqrpc::plugin {
namespace {

// What protobuf calls the class of a message with this name.
std::string MessageClass(const std::string& name) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("names.proto");
  file.add_message_type()->set_name(name);
  google::protobuf::DescriptorPool pool;
  return google::protobuf::compiler::cpp::ClassName(pool.BuildFile(file)->message_type(0));
}

TEST(KeywordsTest, LeavesOtherNamesAlone) {
  EXPECT_EQ(EscapeKeyword("Add"), "Add");
  EXPECT_EQ(EscapeKeyword("Class"), "Class");
  EXPECT_EQ(EscapeKeyword("class_"), "class_");
  EXPECT_EQ(EscapeKeyword("std"), "std");
  EXPECT_EQ(EscapeKeyword("override"), "override");
}

TEST(KeywordsTest, EscapesAsProtobufDoes) {
  const std::vector<std::string> names = {
      "NULL",          "alignas",      "alignof",   "and",        "and_eq",
      "asm",           "auto",         "bitand",    "bitor",      "bool",
      "break",         "case",         "catch",     "char",       "class",
      "compl",         "const",        "constexpr", "const_cast", "continue",
      "decltype",      "default",      "delete",    "do",         "double",
      "dynamic_cast",  "else",         "enum",      "explicit",   "export",
      "extern",        "false",        "float",     "for",        "friend",
      "goto",          "if",           "inline",    "int",        "long",
      "mutable",       "namespace",    "new",       "noexcept",   "not",
      "not_eq",        "nullptr",      "operator",  "or",         "or_eq",
      "private",       "protected",    "public",    "register",   "reinterpret_cast",
      "return",        "short",        "signed",    "sizeof",     "static",
      "static_assert", "static_cast",  "struct",    "switch",     "template",
      "this",          "thread_local", "throw",     "true",       "try",
      "typedef",       "typeid",       "typename",  "union",      "unsigned",
      "using",         "virtual",      "void",      "volatile",   "wchar_t",
      "while",         "xor",          "xor_eq",    "override",   "final",
      "import",        "module",       "main",      "std",        "Add",
      "string"};
  for (const std::string& name : names) EXPECT_EQ(EscapeKeyword(name), MessageClass(name));
}

TEST(KeywordsTest, EscapesKeywordsOfCpp20WhateverProtobufDoes) {
  for (const std::string name :
       {"assert",
        "char8_t",
        "char16_t",
        "char32_t",
        "co_await",
        "co_return",
        "co_yield",
        "concept",
        "consteval",
        "constinit",
        "requires"}) {
    EXPECT_EQ(EscapeKeyword(name), name + "_");
  }
}

}  // namespace
}  // namespace mqrpc::plugin

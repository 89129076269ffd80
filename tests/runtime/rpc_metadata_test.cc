// Metadata from a stub to a handler and back, in real time, over every medium.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

using Code = absl::StatusCode;

constexpr char kTrace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

using RpcMetadataTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcMetadataTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

// Answers each header with one of the same value.
absl::StatusOr<Text> SayHeaders(ServerContext& context, const Text& request) {
  for (const auto& [name, value] : context.headers()) {
    EXPECT_THAT(context.AddHeader(name, value), IsOk());
    EXPECT_THAT(context.AddTrailer(absl::StrCat("last-", name), value), IsOk());
  }
  return request;
}

TEST_P(RpcMetadataTest, GoesThereAndBack) {
  FakeEcho service;
  service.say = SayHeaders;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  auto metadata = std::make_shared<ReplyMetadata>();
  std::string any_bytes("\0\xff\n", 3);
  Metadata headers = {{"a", "1"}, {"key-bin", any_bytes}, {"a", "Grüße"}};

  EXPECT_THAT(
      Echo::Stub(channel).Say(MakeText("hello"), {.headers = headers, .reply_metadata = metadata}),
      IsOk());

  EXPECT_EQ(metadata->headers, headers);
  EXPECT_THAT(
      metadata->trailers,
      ElementsAre(Pair("last-a", "1"), Pair("last-key-bin", any_bytes), Pair("last-a", "Grüße")));
}

TEST_P(RpcMetadataTest, ComesWithAnErrorToo) {
  FakeEcho service;
  service.say = [](ServerContext& context, const Text&) -> absl::StatusOr<Text> {
    EXPECT_THAT(context.AddTrailer("retry-after", "7"), IsOk());
    return absl::UnavailableError("overloaded");
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  auto metadata = std::make_shared<ReplyMetadata>();

  EXPECT_THAT(
      Echo::Stub(channel).Say(MakeText("hello"), {.reply_metadata = metadata}),
      StatusIs(Code::kUnavailable, "overloaded"));
  EXPECT_THAT(metadata->trailers, ElementsAre(Pair("retry-after", "7")));
}

TEST_P(RpcMetadataTest, EachOfManyCallsHasItsOwn) {
  FakeEcho service;
  service.say = SayHeaders;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  Echo::Stub echo(channel);
  std::vector<std::shared_ptr<ReplyMetadata>> metadata;
  std::vector<Call<Text>> calls;
  for (int i = 0; i < 1'000; ++i) {
    metadata.push_back(std::make_shared<ReplyMetadata>());
    CallOptions options = {.reply_metadata = metadata.back()};
    if (i % 3 != 0) options.headers.Add("number", absl::StrCat(i));
    calls.push_back(echo.SayAsync(MakeText("hello"), options));
  }
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_THAT(calls[i].Wait(), IsOk());
    Metadata expected;
    if (i % 3 != 0) expected.Add("number", absl::StrCat(i));
    EXPECT_EQ(metadata[i]->headers, expected);
  }
}

TEST_P(RpcMetadataTest, WhatCannotTravelIsRefusedBeforeItDoes) {
  FakeEcho service;
  service.say = SayTheSame;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.max_metadata_size = 100});
  Echo::Stub echo(channel);

  EXPECT_THAT(
      echo.Say(Text(), {.headers = {{"tenant", "a\tb"}}}),
      StatusIs(Code::kInvalidArgument, AllOf(HasSubstr("tenant"), HasSubstr("U+0009"))));
  EXPECT_THAT(
      echo.Say(Text(), {.headers = {{"Tenant", "acme"}}}),
      StatusIs(Code::kInvalidArgument, HasSubstr("Tenant")));
  EXPECT_THAT(
      echo.Say(Text(), {.headers = {{"a", std::string(100, 'x')}}}),
      StatusIs(
          Code::kResourceExhausted,
          AllOf(HasSubstr("ChannelOptions::max_metadata_size (100)"), HasSubstr("101"))));
  EXPECT_EQ(server->stats().calls_received, 0u);
  EXPECT_THAT(echo.Say(Text(), {.headers = {{"a", std::string(99, 'x')}}}), IsOk());
}

TEST_P(RpcMetadataTest, AHandlerIsToldWhatCannotTravel) {
  FakeEcho service;
  service.say = [](ServerContext& context, const Text& request) -> absl::StatusOr<Text> {
    EXPECT_THAT(context.AddHeader("a", "\n"), StatusIs(Code::kInvalidArgument, HasSubstr("\"a\"")));
    EXPECT_THAT(context.AddTrailer("A", "b"), StatusIs(Code::kInvalidArgument, HasSubstr("\"A\"")));
    EXPECT_THAT(context.AddHeader("a", std::string(60, 'x')), IsOk());
    EXPECT_THAT(
        context.AddHeader("b", std::string(60, 'x')),
        StatusIs(Code::kResourceExhausted, HasSubstr("ServerOptions::max_metadata_size (100)")));
    return request;
  };
  RunningServer server(Connect("server"), service, {.max_metadata_size = 100});
  Channel channel(Connect("client"));
  auto metadata = std::make_shared<ReplyMetadata>();

  EXPECT_THAT(Echo::Stub(channel).Say(Text(), {.reply_metadata = metadata}), IsOk());
  EXPECT_EQ(metadata->headers.size(), 1u);
  EXPECT_TRUE(metadata->trailers.empty());
  EXPECT_THAT(
      Echo::Stub(channel).Say(Text(), {.headers = {{"a", std::string(100, 'x')}}}),
      StatusIs(Code::kResourceExhausted, HasSubstr("ServerOptions::max_metadata_size (100)")));
}

TEST_P(RpcMetadataTest, AReplyWithTooMuchIsRefused) {
  FakeEcho service;
  service.say = [](ServerContext& context, const Text& request) -> absl::StatusOr<Text> {
    EXPECT_THAT(context.AddTrailer("a", std::string(100, 'x')), IsOk());
    return request;
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.max_metadata_size = 100});

  EXPECT_THAT(
      Echo::Stub(channel).Say(Text()),
      StatusIs(Code::kResourceExhausted, HasSubstr("ChannelOptions::max_metadata_size (100)")));
}

TEST_P(RpcMetadataTest, ANestedCallBelongsToTheSameTrace) {
  FakeEcho service;
  Channel inner(Connect("inner"));
  service.say = [&inner](ServerContext& context, const Text& request) {
    EXPECT_NE(context.headers().Find("tenant"), nullptr);
    return Echo::Stub(inner).Ask(request, CallOptions::From(context));
  };
  service.ask = [](ServerContext& context, const Text& request) -> absl::StatusOr<Text> {
    EXPECT_THAT(
        context.headers(),
        ElementsAre(Pair("traceparent", kTrace), Pair("tracestate", "acme=1")));
    return request;
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));

  EXPECT_THAT(
      Echo::Stub(channel).Say(
          Text(),
          {.headers = {{"tracestate", "acme=1"}, {"tenant", "acme"}, {"traceparent", kTrace}}}),
      IsOk());
}

}  // namespace
}  // namespace mqrpc::tests

// Stubs that speak JSON, in real time, over every medium.

#include <string>
#include <vector>

#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "mqrpc/gather.h"
#include "mqrpc/status_details.h"
#include "status_matchers.h"

namespace mqrpc::tests {
namespace {

using ::testing::HasSubstr;

using Code = absl::StatusCode;

using RpcJsonTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcJsonTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

// Of somebody who has no protobuf: answers all that is asked with `answer`.
void Answer(Transport& transport, Message answer) {
  transport.loop().Post([&transport, answer] {
    transport.Subscribe(
        {.filter = "mqrpc/services/mqrpc.tests.Echo/+",
         .on_message = [&transport, answer](Message request) {
           EXPECT_EQ(request.content_type, "application/json");
           EXPECT_TRUE(request.payload_is_utf8);
           EXPECT_EQ(request.payload, R"({"text":"Grüße"})");
           Message reply = answer;
           reply.topic = *request.response_topic;
           reply.correlation_data = request.correlation_data;
           transport.Publish([reply] { return reply; }, [](const auto&) {});
         }});
  });
}

TEST_P(RpcJsonTest, EveryStyleOfCall) {
  FakeEcho service;
  service.say = [](ServerContext& context, const Text& request) -> absl::StatusOr<Text> {
    if (request.text() != "error") return request;
    Reason reason;
    reason.set_number(7);
    absl::Status status = absl::AbortedError("as was wished");
    AddDetail(status, reason);
    EXPECT_THAT(context.AddTrailer("more", "x"), IsOk());
    return status;
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.encoding = Encoding::kJson});
  Echo::Stub echo(channel);
  auto check = [](const absl::StatusOr<Text>& reply) {
    ASSERT_THAT(reply, IsOk());
    EXPECT_EQ(reply->text(), "Grüße");
  };

  check(echo.Say(MakeText("Grüße")));
  check(echo.SayAsync(MakeText("Grüße")).Wait());
  check(echo.Say(MakeText("Grüße"), {.encoding = Encoding::kProtobuf}));
  std::vector<Call<Text>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(echo.SayAsync(MakeText("Grüße")));
  for (const auto& reply : Gather(std::move(calls)).Wait().results) check(reply);
  absl::Status failed = echo.Say(MakeText("error")).status();
  EXPECT_THAT(failed, StatusIs(Code::kAborted, "as was wished"));
  EXPECT_EQ(GetDetail<Reason>(failed)->number(), 7);
}

TEST_P(RpcJsonTest, WhatNewerServicesSayBesidesIsIgnored) {
  Answer(Connect("service"), {.payload = R"({"text": "hello", "more": [1]})"});
  Channel channel(Connect("client"), {.encoding = Encoding::kJson});
  auto reply = Echo::Stub(channel).Say(MakeText("Grüße"), {.wait_for_ready = true});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "hello");
}

TEST_P(RpcJsonTest, WhatDoesNotParseIsTheServicesFault) {
  Answer(Connect("service"), {.payload = R"({"text": )"});
  Channel channel(Connect("client"), {.encoding = Encoding::kJson});
  EXPECT_THAT(
      Echo::Stub(channel).Say(MakeText("Grüße"), {.wait_for_ready = true}),
      StatusIs(Code::kInternal, HasSubstr("JSON that does not parse as mqrpc.tests.Text")));
}

TEST_P(RpcJsonTest, AnErrorIsReadAsItsContentTypeSays) {
  Answer(
      Connect("service"),
      {.payload = R"({"code": 5, "message": "no such text"})",
       .content_type = "application/json",
       .user_properties = {{"mqrpc-status", "5"}}});
  Channel channel(Connect("client"), {.encoding = Encoding::kJson});
  EXPECT_THAT(
      Echo::Stub(channel).Say(MakeText("Grüße"), {.wait_for_ready = true}),
      StatusIs(Code::kNotFound, "no such text"));
}

}  // namespace
}  // namespace mqrpc::tests

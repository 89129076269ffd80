#include "directory_core.h"

#include <string>
#include <vector>

#include "fake_transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/testing/manual_loop.h"
#include "status_matchers.h"

namespace mqrpc::internal {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::StatusIs;

using Code = absl::StatusCode;

class DirectoryCoreTest : public ::testing::Test {
 protected:
  DirectoryCoreTest() { core_.Open(); }
  ~DirectoryCoreTest() override { core_.Close(); }

  absl::StatusOr<std::vector<ServerPresence>> Find() {
    return core_.Find("", absl::ZeroDuration());
  }

  // The broker grants it, and tells of all that was retained before the marker comes.
  void Grant(const std::vector<Message>& retained) {
    transport_.AnswerSubscriptions(absl::OkStatus());
    for (const Message& message : retained) transport_.Deliver(message);
    ASSERT_GT(transport_.HandOver(), 0u);
    transport_.Deliver(transport_.sent().back().message);
  }

  static Message Says(const std::string& client_id, const std::string& payload) {
    return {.topic = "mqrpc/presence/" + client_id, .payload = payload, .retain = true};
  }

  std::vector<std::string> log_;
  mqrpc::testing::ManualLoop loop_;
  tests::FakeTransport transport_{loop_};
  DirectoryCore core_{
      transport_,
      {.max_connections = 2, .log = [this](LogLevel, std::string_view line) {
         log_.emplace_back(line);
         static_cast<void>(Find());  // what is said under a lock of ours would hang here
       }}};
};

TEST_F(DirectoryCoreTest, ARefusalIsForgottenWhenTheBrokerGrantsIt) {
  transport_.AnswerSubscriptions(absl::PermissionDeniedError("no"));
  EXPECT_THAT(Find(), StatusIs(Code::kPermissionDenied, _));
  Grant({Says("one", R"({"servers": [{"services": ["acme.Valve"]}]})")});
  EXPECT_THAT(*Find(), SizeIs(1));
}

TEST_F(DirectoryCoreTest, OneTooManyIsLoggedAndNotKept) {
  const std::string server = R"({"servers": [{"services": ["acme.Valve"]}]})";
  Grant({Says("one", server), Says("two", server), Says("three", server)});
  EXPECT_THAT(*Find(), SizeIs(2));
  ASSERT_THAT(log_, SizeIs(1));
  EXPECT_THAT(log_[0], HasSubstr("max_connections (2) are known; not three"));
  transport_.Deliver(Says("one", ""));
  transport_.Deliver(Says("three", server));
  EXPECT_THAT(*Find(), SizeIs(2));
}

TEST_F(DirectoryCoreTest, WhatIsFarTooLongIsNotRead) {
  const std::string name(2 << 20, 'x');
  Grant({Says("one", R"({"servers": [{"services": [")" + name + R"("]}]})")});
  EXPECT_THAT(*Find(), IsEmpty());
}

}  // namespace
}  // namespace mqrpc::internal

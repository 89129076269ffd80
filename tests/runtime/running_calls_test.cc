// Handlers that answer later, and how many of them there may be.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "holding_service.h"
#include "status_matchers.h"
#include "virtual_server_test.h"

namespace mqrpc::tests {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

class RunningCallsTest : public VirtualServerTest<HoldingService> {
 protected:
  void Ask(const std::string& correlation) {
    client_.Publish(
        {.topic = "mqrpc/services/acme.Valve/Open",
         .response_topic = "answers/here",
         .correlation_data = correlation});
  }
};

TEST_F(RunningCallsTest, OneTooManyIsRefusedAtOnce) {
  Start({.max_running_calls = 2});
  Ask("1");
  Ask("2");
  Ask("3");

  EXPECT_EQ(service_.runs(), 2u);
  ASSERT_THAT(client_.received(), SizeIs(1));
  const Message& refusal = client_.received()[0];
  EXPECT_EQ(refusal.correlation_data, "3");
  EXPECT_THAT(refusal.user_properties, Contains(Pair("mqrpc-status", "8")));
  EXPECT_THAT(refusal.payload, HasSubstr("ServerOptions::max_running_calls (2)"));
}

TEST_F(RunningCallsTest, OneThatHasAnsweredMakesRoom) {
  Start({.max_running_calls = 1});
  Ask("1");
  service_.Answer("opened");
  network_.loop.RunUntilIdle();
  Ask("2");

  EXPECT_EQ(service_.runs(), 2u);
  EXPECT_EQ(server_->stats().calls_running, 1u);
}

}  // namespace
}  // namespace mqrpc::tests

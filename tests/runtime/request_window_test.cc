#include "request_window.h"

#include <optional>

#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

TEST(RequestWindowTest, CallsEnterUntilItIsFull) {
  Counter waiting;
  RequestWindow window(2, waiting);
  EXPECT_TRUE(window.Enter(1));
  EXPECT_TRUE(window.Enter(2));
  EXPECT_FALSE(window.Enter(3));
  EXPECT_EQ(window.unanswered(), 2u);
  EXPECT_EQ(waiting.value(), 1u);
}

TEST(RequestWindowTest, TheFirstThatWaitsFollowsOneThatLeaves) {
  Counter waiting;
  RequestWindow window(1, waiting);
  window.Enter(1);
  window.Enter(2);
  window.Enter(3);

  EXPECT_EQ(window.Leave(1), 2u);
  EXPECT_EQ(window.Leave(2), 3u);
  EXPECT_EQ(window.Leave(3), std::nullopt);
  EXPECT_EQ(waiting.value(), 0u);
  EXPECT_TRUE(window.Enter(4));
}

TEST(RequestWindowTest, OneThatLeavesWithoutHavingBeenLetInMakesNoRoom) {
  Counter waiting;
  RequestWindow window(1, waiting);
  window.Enter(1);
  window.Enter(2);
  window.Enter(3);

  EXPECT_EQ(window.Leave(2), std::nullopt);
  EXPECT_EQ(window.Leave(1), 3u);
}

TEST(RequestWindowTest, LeavingWithNobodyWaitingMakesRoom) {
  Counter waiting;
  RequestWindow window(1, waiting);
  window.Enter(1);
  EXPECT_EQ(window.Leave(1), std::nullopt);
  EXPECT_TRUE(window.Enter(2));
  EXPECT_FALSE(window.Enter(3));
}

}  // namespace
}  // namespace mqrpc::internal

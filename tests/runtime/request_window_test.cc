#include "request_window.h"

#include <optional>

#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

TEST(RequestWindowTest, CallsEnterUntilItIsFull) {
  RequestWindow window(2);
  EXPECT_TRUE(window.Enter("s", 1));
  EXPECT_TRUE(window.Enter("s", 2));
  EXPECT_FALSE(window.Enter("s", 3));
}

TEST(RequestWindowTest, TheFirstThatWaitsFollowsOneThatLeaves) {
  RequestWindow window(1);
  window.Enter("s", 1);
  window.Enter("s", 2);
  window.Enter("s", 3);

  EXPECT_EQ(window.Leave("s", 1), 2u);
  EXPECT_EQ(window.Leave("s", 2), 3u);
  EXPECT_EQ(window.Leave("s", 3), std::nullopt);
  EXPECT_TRUE(window.Enter("s", 4));
}

TEST(RequestWindowTest, OneThatLeavesWithoutHavingBeenLetInMakesNoRoom) {
  RequestWindow window(1);
  window.Enter("s", 1);
  window.Enter("s", 2);
  window.Enter("s", 3);

  EXPECT_EQ(window.Leave("s", 2), std::nullopt);
  EXPECT_EQ(window.Leave("s", 1), 3u);
}

TEST(RequestWindowTest, LeavingWithNobodyWaitingMakesRoom) {
  RequestWindow window(1);
  window.Enter("s", 1);
  EXPECT_EQ(window.Leave("s", 1), std::nullopt);
  EXPECT_TRUE(window.Enter("s", 2));
  EXPECT_FALSE(window.Enter("s", 3));
}

TEST(RequestWindowTest, ServicesDoNotWaitForEachOther) {
  RequestWindow window(1);
  EXPECT_TRUE(window.Enter("a", 1));
  EXPECT_TRUE(window.Enter("b", 2));
  EXPECT_FALSE(window.Enter("a", 3));

  EXPECT_EQ(window.Leave("b", 2), std::nullopt);
  EXPECT_EQ(window.Leave("a", 1), 3u);
}

TEST(RequestWindowTest, LeavingAServiceThatNobodyEnteredIsIgnored) {
  RequestWindow window(1);
  EXPECT_EQ(window.Leave("s", 1), std::nullopt);
  EXPECT_TRUE(window.Enter("s", 2));
}

}  // namespace
}  // namespace mqrpc::internal

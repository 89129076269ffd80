#include "connect_plan.h"

#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

constexpr absl::Duration kNone = absl::ZeroDuration();
constexpr absl::Duration kLong = absl::Hours(1);

TEST(ConnectPlanTest, TheWaitDoublesUpToItsBound) {
  ConnectPlan plan(1, absl::Seconds(1), absl::Seconds(5));
  for (int seconds : {1, 2, 4, 5, 5}) EXPECT_EQ(plan.AfterFailure(), absl::Seconds(seconds));
}

TEST(ConnectPlanTest, ARoundTriesEachAddressOnceWithoutWaiting) {
  ConnectPlan plan(3, absl::Seconds(1), absl::Seconds(5));
  for (int seconds : {1, 2, 4}) {
    EXPECT_EQ(plan.address(), 0u);
    EXPECT_EQ(plan.AfterFailure(), kNone);
    EXPECT_FALSE(plan.is_round_over());
    EXPECT_EQ(plan.address(), 1u);
    EXPECT_EQ(plan.AfterFailure(), kNone);
    EXPECT_EQ(plan.address(), 2u);
    EXPECT_EQ(plan.AfterFailure(), absl::Seconds(seconds));
    EXPECT_TRUE(plan.is_round_over());
  }
}

TEST(ConnectPlanTest, ALossBeginsARoundWithTheNextAddress) {
  ConnectPlan plan(3, absl::Seconds(1), absl::Seconds(5));
  plan.AfterFailure();
  ASSERT_EQ(plan.address(), 1u);
  EXPECT_EQ(plan.AfterLoss(kLong), absl::Seconds(1));
  EXPECT_EQ(plan.address(), 2u);
  EXPECT_EQ(plan.AfterFailure(), kNone);
  EXPECT_EQ(plan.address(), 0u);
  EXPECT_EQ(plan.AfterFailure(), kNone);
  EXPECT_EQ(plan.AfterFailure(), absl::Seconds(2));
}

TEST(ConnectPlanTest, ARoundMayBeginWhereTheLossWas) {
  ConnectPlan plan(3, absl::Seconds(1), absl::Seconds(5));
  plan.AfterFailure();
  EXPECT_EQ(plan.AfterLoss(kLong), absl::Seconds(1));
  plan.ReturnTo(1);
  EXPECT_EQ(plan.address(), 1u);
  EXPECT_EQ(plan.AfterFailure(), kNone);
  EXPECT_EQ(plan.address(), 2u);
}

TEST(ConnectPlanTest, AConnectionThatLastedBringsTheShortestWaitBack) {
  ConnectPlan plan(1, absl::Milliseconds(1), absl::Seconds(5));
  for (int i = 0; i < 20; ++i) plan.AfterFailure();
  EXPECT_EQ(plan.AfterLoss(kLong), absl::Milliseconds(1));
  EXPECT_EQ(plan.AfterFailure(), absl::Milliseconds(2));
}

TEST(ConnectPlanTest, QuickLossesInARowAreCountedAndSlowedDown) {
  ConnectPlan plan(1, absl::Milliseconds(1), absl::Seconds(5));
  EXPECT_EQ(plan.AfterLoss(kNone), absl::Milliseconds(1));
  EXPECT_EQ(plan.AfterLoss(kNone), absl::Seconds(1));
  EXPECT_EQ(plan.AfterLoss(kNone), absl::Seconds(1));
  EXPECT_EQ(plan.quick_losses(), 3);
  EXPECT_EQ(plan.AfterLoss(kLong), absl::Milliseconds(1));
  EXPECT_EQ(plan.quick_losses(), 0);
}

}  // namespace
}  // namespace mqrpc::internal

#include "pending_calls.h"

#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

using Stage = PendingCall::Stage;

absl::Time At(int second) { return absl::UnixEpoch() + absl::Seconds(second); }

std::unique_ptr<PendingCall> MakeCall(CallId id, int deadline, Stage stage = Stage::kQueued) {
  return std::make_unique<PendingCall>(
      PendingCall{.id = id, .deadline = At(deadline), .stage = stage});
}

TEST(PendingCallsTest, ACallIsTakenOnce) {
  PendingCalls calls;
  calls.Insert(MakeCall(1, 10));

  EXPECT_EQ(calls.Take(1)->id, 1u);
  EXPECT_EQ(calls.Take(1), nullptr);
  EXPECT_EQ(calls.Find(1), nullptr);
  EXPECT_TRUE(calls.empty());
}

TEST(PendingCallsTest, ACallThatNeverWasIsNotThere) {
  PendingCalls calls;
  calls.Insert(MakeCall(1, 10));

  EXPECT_EQ(calls.Take(2), nullptr);
  EXPECT_EQ(calls.Find(2), nullptr);
  EXPECT_FALSE(calls.empty());
}

TEST(PendingCallsTest, WhatIsFoundMayBeChanged) {
  PendingCalls calls;
  calls.Insert(MakeCall(1, 10)).attempts = 5;
  calls.Find(1)->stage = Stage::kSent;

  EXPECT_EQ(calls.Find(1)->attempts, 5);
  EXPECT_EQ(calls.Take(1)->stage, Stage::kSent);
}

TEST(PendingCallsTest, TheFirstAlarmComesFirst) {
  PendingCalls calls;
  calls.Insert(MakeCall(1, 30));
  calls.Insert(MakeCall(2, 10));
  calls.Insert(MakeCall(3, 20));

  EXPECT_EQ(calls.NextAlarm(), At(10));
  EXPECT_EQ(calls.FirstDue(At(10) - absl::Nanoseconds(1)), std::nullopt);
  EXPECT_EQ(calls.FirstDue(At(10)), 2u);
  EXPECT_EQ(calls.FirstDue(At(99)), 2u);
  calls.Take(2);
  EXPECT_EQ(calls.FirstDue(At(99)), 3u);
  calls.Take(3);
  EXPECT_EQ(calls.FirstDue(At(99)), 1u);
}

TEST(PendingCallsTest, CallsOfOneAlarmAreDueInTheirOrder) {
  PendingCalls calls;
  for (CallId id : {3, 1, 2}) calls.Insert(MakeCall(id, 10));

  for (CallId id : {1, 2, 3}) {
    EXPECT_EQ(calls.FirstDue(At(10)), id);
    calls.Take(id);
  }
  EXPECT_EQ(calls.FirstDue(At(10)), std::nullopt);
}

TEST(PendingCallsTest, WithoutCallsThereIsNoAlarm) {
  PendingCalls calls;
  EXPECT_EQ(calls.NextAlarm(), absl::InfiniteFuture());
  calls.Insert(MakeCall(1, 10));
  calls.Take(1);
  EXPECT_EQ(calls.NextAlarm(), absl::InfiniteFuture());
}

TEST(PendingCallsTest, ThoseThatHaveComeFarEnoughAreNamedInOrder) {
  PendingCalls calls;
  calls.Insert(MakeCall(1, 10, Stage::kQueued));
  calls.Insert(MakeCall(2, 10, Stage::kSent));
  calls.Insert(MakeCall(3, 10, Stage::kAccepted));
  calls.Insert(MakeCall(4, 10, Stage::kSent));

  EXPECT_EQ(calls.IdsFrom(Stage::kAccepted), std::vector<CallId>{3});
  EXPECT_EQ(calls.IdsFrom(Stage::kSent), (std::vector<CallId>{2, 3, 4}));
  EXPECT_EQ(calls.IdsFrom(Stage::kQueued), (std::vector<CallId>{1, 2, 3, 4}));
}

TEST(PendingCallsTest, AnAlarmIsAnInstantBeforeTheDeadline) {
  PendingCalls calls;
  PendingCall& call = calls.Insert(MakeCall(1, 10));

  calls.SetAlarm(call, At(5));
  EXPECT_EQ(calls.FirstDue(At(5)), 1u);
  calls.SetAlarm(call, At(7));
  EXPECT_EQ(calls.FirstDue(At(5)), std::nullopt);
  calls.SetAlarm(call, At(20));
  EXPECT_EQ(calls.NextAlarm(), At(10));
  calls.Take(1);
  EXPECT_EQ(calls.NextAlarm(), absl::InfiniteFuture());
}

TEST(PendingCallsTest, ManyAreKeptApart) {
  PendingCalls calls;
  constexpr int kCalls = 10'000;
  for (int i = 0; i < kCalls; ++i) calls.Insert(MakeCall(i, i * 7919 % kCalls));

  for (int second = 0; second < kCalls; ++second) {
    std::optional<CallId> id = calls.FirstDue(At(second));
    ASSERT_TRUE(id.has_value());
    ASSERT_EQ(calls.Take(*id)->deadline, At(second));
  }
  EXPECT_TRUE(calls.empty());
}

}  // namespace
}  // namespace mqrpc::internal

#include "mqrpc/testing/manual_loop.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqrpc::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ManualLoopTest : public ::testing::Test {
 protected:
  EventLoop::Task Note(std::string what) {
    return [this, what] { ran_.push_back(what); };
  }
  absl::Time After(int seconds) { return loop_.Now() + absl::Seconds(seconds); }

  ManualLoop loop_;
  std::vector<std::string> ran_;
};

TEST_F(ManualLoopTest, RunsInTheOrderOfPostingAndOnlyWhenTurned) {
  loop_.Post(Note("a"));
  loop_.Post(Note("b"));
  EXPECT_THAT(ran_, IsEmpty());
  loop_.RunUntilIdle();
  EXPECT_THAT(ran_, ElementsAre("a", "b"));
}

TEST_F(ManualLoopTest, RunsWhatIsPostedMeanwhile) {
  loop_.Post([this] {
    loop_.Post(Note("inner"));
    ran_.push_back("outer");
  });
  loop_.Post(Note("next"));
  loop_.RunUntilIdle();
  EXPECT_THAT(ran_, ElementsAre("outer", "next", "inner"));
}

TEST_F(ManualLoopTest, RunsTimersInTheirOrderAtTheirInstants) {
  absl::Time start = loop_.Now();
  std::vector<absl::Duration> at;
  for (int seconds : {3, 1, 2, 5}) {
    loop_.RunAt(After(seconds), [&] { at.push_back(loop_.Now() - start); });
  }
  loop_.Advance(absl::Seconds(4));
  EXPECT_THAT(at, ElementsAre(absl::Seconds(1), absl::Seconds(2), absl::Seconds(3)));
  EXPECT_EQ(loop_.Now() - start, absl::Seconds(4));
  loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(at.back(), absl::Seconds(5));
}

TEST_F(ManualLoopTest, TimersOfOneInstantRunInTheOrderOfMaking) {
  absl::Time when = After(1);
  for (const char* what : {"a", "b", "c"}) loop_.RunAt(when, Note(what));
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(ran_, ElementsAre("a", "b", "c"));
}

TEST_F(ManualLoopTest, TimersMadeMeanwhileRunIfTheyAreDue) {
  loop_.RunAt(After(1), [this] {
    loop_.RunAt(After(1), Note("due"));
    loop_.RunAt(After(9), Note("not due"));
    loop_.Post([this] { loop_.RunAt(loop_.Now(), Note("now")); });
  });
  loop_.Advance(absl::Seconds(2));
  EXPECT_THAT(ran_, ElementsAre("now", "due"));
}

TEST_F(ManualLoopTest, DueTimersRunWithoutMovingTime) {
  absl::Time start = loop_.Now();
  loop_.RunAt(start - absl::Seconds(1), Note("past"));
  loop_.RunAt(start, Note("now"));
  loop_.RunUntilIdle();
  EXPECT_THAT(ran_, ElementsAre("past", "now"));
  EXPECT_EQ(loop_.Now(), start);
}

TEST_F(ManualLoopTest, CancelledTimersDoNotRun) {
  EventLoop::TimerId a = loop_.RunAt(After(1), Note("a"));
  loop_.RunAt(After(1), Note("b"));
  loop_.CancelTimer(a);
  loop_.CancelTimer(a);
  loop_.CancelTimer(12345);
  loop_.Advance(absl::Seconds(1));
  EXPECT_THAT(ran_, ElementsAre("b"));
}

TEST_F(ManualLoopTest, IsAnExecutorToo) {
  Executor& executor = loop_;
  executor.Run(Note("continuation"));
  EXPECT_THAT(ran_, IsEmpty());
  loop_.RunUntilIdle();
  EXPECT_THAT(ran_, ElementsAre("continuation"));
}

TEST_F(ManualLoopTest, WhatIsLeftIsDestroyedUnrun) {
  auto token = std::make_shared<int>();
  {
    ManualLoop loop;
    loop.Post([token] { FAIL(); });
    loop.RunAt(loop.Now() + absl::Seconds(1), [token] { FAIL(); });
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace mqrpc::testing

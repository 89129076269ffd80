#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gate.h"
#include "gtest/gtest.h"
#include "io_loop.h"
#include "mqrpc/testing/manual_loop.h"
#include "run_in_loop.h"
#include "support/events.h"

namespace mqrpc::internal {
namespace {

using tests::EventLog;
using tests::Events;
using tests::Gate;

TEST(IoLoopBorrowTest, TheBorrowersThreadIsTheLoops) {
  IoLoop loop;
  std::thread::id turn;
  bool is_done = false;
  bool has_run = loop.Borrow(
      [&] {
        EXPECT_TRUE(loop.InLoop());
        loop.Post([&] {
          turn = std::this_thread::get_id();
          is_done = true;
        });
      },
      [&] { return is_done; });
  EXPECT_TRUE(has_run);
  EXPECT_EQ(turn, std::this_thread::get_id());
  EXPECT_FALSE(loop.InLoop());
}

TEST(IoLoopBorrowTest, AfterwardsItsOwnThreadGoesOn) {
  IoLoop loop;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(loop.Borrow([] {}, [] { return true; }));
    std::thread::id turn;
    RunInLoop(loop, [&turn] { turn = std::this_thread::get_id(); });
    EXPECT_NE(turn, std::this_thread::get_id());
  }
}

TEST(IoLoopBorrowTest, WhatTheBorrowerLeavesItsOwnThreadDoes) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  int rounds = 0;
  ASSERT_TRUE(loop.Borrow(
      [&] {
        // Posted in a task: for the round after this one.
        loop.Post([&] { loop.Post([&] { ran.Add(1); }); });
        loop.RunAt(loop.Now() + absl::Milliseconds(5), [&] { ran.Add(2); });
      },
      [&] { return ++rounds == 1; }));
  ASSERT_TRUE(events.WaitUntil([&] { return ran.Size() == 2; }));
  EXPECT_EQ(ran.Items(), (std::vector<int>{1, 2}));
}

TEST(IoLoopBorrowTest, APostWakesABorrowerThatSleeps) {
  IoLoop loop;
  Gate begun;
  bool has_run = false;
  std::thread other([&] {
    EXPECT_TRUE(begun.Wait());
    std::thread::id turn;
    RunInLoop(loop, [&] {
      turn = std::this_thread::get_id();
      has_run = true;
    });
    EXPECT_NE(turn, std::this_thread::get_id());
  });
  EXPECT_TRUE(loop.Borrow([&] { begun.Open(); }, [&] { return has_run; }));
  other.join();
}

TEST(IoLoopBorrowTest, ATimerWakesABorrowerToo) {
  IoLoop loop;
  bool is_done = false;
  absl::Time when;
  ASSERT_TRUE(loop.Borrow(
      [&] {
        when = loop.Now() + absl::Milliseconds(5);
        loop.RunAt(when, [&] { is_done = true; });
      },
      [&] { return is_done; }));
  EXPECT_GE(loop.Now(), when);
}

TEST(IoLoopBorrowTest, ItIsLentToOneAtATime) {
  IoLoop loop;
  ASSERT_TRUE(loop.Borrow(
      [&] {
        std::thread other(
            [&] { EXPECT_FALSE(loop.Borrow([] { ADD_FAILURE(); }, [] { return true; })); });
        other.join();
      },
      [] { return true; }));
}

TEST(IoLoopBorrowTest, AndNotInATurnOfIt) {
  IoLoop loop;
  RunInLoop(loop, [&loop] {
    EXPECT_FALSE(loop.Borrow([] { ADD_FAILURE(); }, [] { return true; }));
  });
}

TEST(IoLoopBorrowTest, NorWhileItHasMoreToDo) {
  std::atomic<bool> goes_on = true;
  std::function<void()> task;
  IoLoop loop;
  task = [&] {
    if (goes_on) loop.Post(task);
  };
  loop.Post(task);
  EXPECT_FALSE(loop.Borrow([] { ADD_FAILURE(); }, [] { return true; }));
  goes_on = false;
}

TEST(IoLoopBorrowTest, ALoopThatGoesWaitsForItsBorrower) {
  auto loop = std::make_unique<IoLoop>();
  IoLoop* borrowed = loop.get();
  Gate begun;
  bool is_done = false;
  std::thread other([&] {
    EXPECT_TRUE(begun.Wait());
    RunInLoop(*loop, [&is_done] { is_done = true; });
    loop = nullptr;
  });
  EXPECT_TRUE(borrowed->Borrow([&] { begun.Open(); }, [&] { return is_done; }));
  other.join();
}

TEST(IoLoopBorrowTest, AManualLoopLendsItselfToNobody) {
  testing::ManualLoop loop;
  EXPECT_FALSE(loop.Borrow([] { ADD_FAILURE(); }, [] { return true; }));
}

}  // namespace
}  // namespace mqrpc::internal

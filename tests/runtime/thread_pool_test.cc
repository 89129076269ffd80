#include "thread_pool.h"

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "gate.h"
#include "gtest/gtest.h"
#include "support/events.h"

namespace mqrpc::internal {
namespace {

using tests::EventLog;
using tests::Events;
using tests::Gate;

TEST(ThreadPoolTest, TasksRunOnThreadsOfThePool) {
  Events events;
  EventLog<std::thread::id> ran_on(events);
  ThreadPool pool(2);
  pool.Run([&] { ran_on.Add(std::this_thread::get_id()); });

  ASSERT_TRUE(events.WaitUntil([&] { return ran_on.Size() == 1; }));
  EXPECT_NE(ran_on.Items().front(), std::this_thread::get_id());
}

TEST(ThreadPoolTest, OneThreadRunsTasksInTheirOrder) {
  std::vector<int> ran;
  {
    ThreadPool pool(1);
    for (int i = 0; i < 1000; ++i) pool.Run([&ran, i] { ran.push_back(i); });
  }
  ASSERT_EQ(ran.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(ran[i], i);
}

TEST(ThreadPoolTest, AsManyTasksRunAtOnceAsThereMayBeThreads) {
  constexpr size_t kThreads = 3;
  Events events;
  EventLog<std::thread::id> running(events);
  Gate gate;
  ThreadPool pool(kThreads);
  for (size_t i = 0; i < kThreads + 2; ++i) {
    pool.Run([&] {
      running.Add(std::this_thread::get_id());
      EXPECT_TRUE(gate.Wait());
    });
  }
  ASSERT_TRUE(events.WaitUntil([&] { return running.Size() == kThreads; }));
  EXPECT_EQ(pool.queued(), 2u);

  gate.Open();
  pool.Stop();
  std::vector<std::thread::id> ids = running.Items();
  EXPECT_EQ(ids.size(), kThreads + 2);
  EXPECT_EQ(std::set<std::thread::id>(ids.begin(), ids.end()).size(), kThreads);
}

TEST(ThreadPoolTest, AnIdleThreadIsUsedAgain) {
  Events events;
  EventLog<std::thread::id> ran_on(events);
  ThreadPool pool(1);
  for (size_t i = 1; i <= 10; ++i) {
    pool.Run([&] { ran_on.Add(std::this_thread::get_id()); });
    ASSERT_TRUE(events.WaitUntil([&] { return ran_on.Size() == i; }));
  }
  EXPECT_EQ(ran_on.Items().front(), ran_on.Items().back());
}

TEST(ThreadPoolTest, StopRunsWhatIsQueued) {
  Gate gate;
  std::atomic<int> ran = 0;
  ThreadPool pool(2);
  for (int i = 0; i < 100; ++i) {
    pool.Run([&] {
      EXPECT_TRUE(gate.Wait());
      ++ran;
    });
  }
  gate.Open();
  pool.Stop();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(ThreadPoolTest, StoppingTwiceOrUnusedIsFine) {
  ThreadPool pool(1);
  pool.Stop();
  pool.Stop();
}

TEST(ThreadPoolTest, AfterStopATaskRunsRightThere) {
  ThreadPool pool(1);
  pool.Stop();
  std::optional<std::thread::id> ran_on;
  pool.Run([&ran_on] { ran_on = std::this_thread::get_id(); });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(ThreadPoolTest, StopInsideATaskDoesNotWaitForThatTask) {
  Events events;
  EventLog<int> done(events);
  ThreadPool pool(1);
  Gate gate;
  pool.Run([&] {
    EXPECT_TRUE(gate.Wait());
    pool.Stop();
    done.Add(1);
  });
  pool.Run([&] { done.Add(2); });
  gate.Open();

  ASSERT_TRUE(events.WaitUntil([&] { return done.Size() == 2; }));
  EXPECT_EQ(done.Items(), (std::vector<int>{1, 2}));
}

TEST(ThreadPoolTest, APoolMayBeDestroyedInsideATaskOfItsOwn) {
  Events events;
  EventLog<int> done(events);
  Gate gate;
  auto pool = std::make_unique<ThreadPool>(2);
  pool->Run([&] {
    EXPECT_TRUE(gate.Wait());
    pool.reset();
    done.Add(1);
  });
  pool->Run([&] { done.Add(2); });
  gate.Open();

  EXPECT_TRUE(events.WaitUntil([&] { return done.Size() == 2; }));
}

TEST(ThreadPoolTest, WhatATaskHoldsIsGoneWhenItHasRun) {
  Events events;
  struct NotifyWhenGone {
    explicit NotifyWhenGone(Events& watcher) : events(watcher) {}
    ~NotifyWhenGone() { events.Notify(); }
    Events& events;
  };
  std::weak_ptr<NotifyWhenGone> watched;
  ThreadPool pool(1);
  auto held = std::make_shared<NotifyWhenGone>(events);
  watched = held;
  pool.Run([held = std::move(held)] {});

  EXPECT_TRUE(events.WaitUntil([&] { return watched.expired(); }));
}

TEST(ThreadPoolTest, TasksComeFromManyThreads) {
  std::atomic<int> ran = 0;
  ThreadPool pool(3);
  std::vector<std::thread> posters;
  for (int i = 0; i < 8; ++i) {
    posters.emplace_back([&] {
      for (int j = 0; j < 500; ++j) pool.Run([&ran] { ++ran; });
    });
  }
  for (std::thread& poster : posters) poster.join();
  pool.Stop();
  EXPECT_EQ(ran, 8 * 500);
}

}  // namespace
}  // namespace mqrpc::internal

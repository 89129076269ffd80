#include "io_loop.h"

#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gate.h"
#include "gtest/gtest.h"
#include "run_in_loop.h"
#include "support/events.h"

namespace mqrpc::internal {
namespace {

using tests::EventLog;
using tests::Events;
using tests::Gate;

TEST(IoLoopTest, TasksRunOnTheLoopsOwnThreadInOrder) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  EXPECT_FALSE(loop.InLoop());
  for (int i = 0; i < 100; ++i) {
    loop.Post([&, i] {
      EXPECT_TRUE(loop.InLoop());
      ran.Add(i);
    });
  }
  ASSERT_TRUE(events.WaitUntil([&] { return ran.Size() == 100; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ran.Items()[i], i);
}

TEST(IoLoopTest, AnIdleLoopIsWoken) {
  IoLoop loop;
  for (int i = 0; i < 100; ++i) {
    bool ran = false;
    RunInLoop(loop, [&ran] { ran = true; });
    EXPECT_TRUE(ran);
  }
}

TEST(IoLoopTest, ATaskThatIsPostedInATurnRunsInALaterOne) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  loop.Post([&] {
    loop.Post([&] { ran.Add(2); });
    ran.Add(1);
  });
  ASSERT_TRUE(events.WaitUntil([&] { return ran.Size() == 2; }));
  EXPECT_EQ(ran.Items(), (std::vector<int>{1, 2}));
}

TEST(IoLoopTest, EachThreadsTasksRunInTheirOrder) {
  constexpr int kThreads = 8;
  constexpr int kTasks = 2000;
  IoLoop loop;
  std::vector<int> next(kThreads, 0);  // of the loop
  bool in_order = true;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kTasks; ++i) {
        loop.Post([&, thread, i] { in_order = in_order && next[thread]++ == i; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  RunInLoop(loop, [&] {
    EXPECT_TRUE(in_order);
    EXPECT_EQ(next, std::vector<int>(kThreads, kTasks));
  });
}

TEST(IoLoopTest, TimersRunInTheOrderOfTheirTimes) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  RunInLoop(loop, [&] {
    absl::Time now = loop.Now();
    loop.RunAt(now + absl::Milliseconds(20), [&] { ran.Add(3); });
    loop.RunAt(now + absl::Milliseconds(5), [&] { ran.Add(1); });
    loop.RunAt(now + absl::Milliseconds(5), [&] { ran.Add(2); });
  });
  ASSERT_TRUE(events.WaitUntil([&] { return ran.Size() == 3; }));
  EXPECT_EQ(ran.Items(), (std::vector<int>{1, 2, 3}));
}

TEST(IoLoopTest, ATimerIsNeverEarly) {
  Events events;
  EventLog<absl::Duration> late(events);
  IoLoop loop;
  RunInLoop(loop, [&] {
    for (int micros : {1, 100, 999, 1001, 5500}) {
      absl::Time when = loop.Now() + absl::Microseconds(micros);
      loop.RunAt(when, [&, when] { late.Add(loop.Now() - when); });
    }
  });
  ASSERT_TRUE(events.WaitUntil([&] { return late.Size() == 5; }));
  for (absl::Duration by : late.Items()) EXPECT_GE(by, absl::ZeroDuration());
}

TEST(IoLoopTest, ATimerOfThePastRunsSoon) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  RunInLoop(loop, [&] {
    loop.RunAt(absl::InfinitePast(), [&] { ran.Add(1); });
    loop.RunAt(absl::InfiniteFuture(), [&] { ran.Add(2); });
  });
  EXPECT_TRUE(events.WaitUntil([&] { return ran.Size() == 1; }));
}

TEST(IoLoopTest, ACancelledTimerDoesNotRun) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  RunInLoop(loop, [&] {
    absl::Time when = loop.Now() + absl::Milliseconds(5);
    EventLoop::TimerId cancelled = loop.RunAt(when, [&] { ran.Add(1); });
    loop.RunAt(when, [&] { ran.Add(2); });
    loop.CancelTimer(cancelled);
    loop.CancelTimer(cancelled);
    loop.CancelTimer(12345);
    loop.CancelTimer(0);
  });
  ASSERT_TRUE(events.WaitUntil([&] { return ran.Size() == 1; }));
  EXPECT_EQ(ran.Items().front(), 2);
}

TEST(IoLoopTest, TimersMaySetAndCancelOthers) {
  Events events;
  EventLog<int> ran(events);
  IoLoop loop;
  RunInLoop(loop, [&] {
    absl::Time when = loop.Now();
    loop.RunAt(when, [&, when] {
      loop.CancelTimer(2);
      loop.RunAt(when, [&] { ran.Add(2); });
      ran.Add(1);
    });
    EXPECT_EQ(loop.RunAt(when, [&] { ran.Add(99); }), 2u);
  });
  ASSERT_TRUE(events.WaitUntil([&] { return ran.Size() == 2; }));
  EXPECT_EQ(ran.Items(), (std::vector<int>{1, 2}));
}

TEST(IoLoopTest, TasksThatAreLeftAreDestroyedUnrun) {
  auto held = std::make_shared<int>(0);
  Gate gate;
  {
    IoLoop loop;
    // The first keeps the loop busy while it is being destroyed.
    loop.Post([&gate] { EXPECT_TRUE(gate.Wait()); });
    loop.Post([&loop, held] {
      loop.Post([held] {});
      loop.RunAt(absl::InfiniteFuture(), [held] {});
    });
    gate.Open();
  }
  EXPECT_EQ(held.use_count(), 1);
}

// One end of a pair of sockets, that echoes in upper case what comes from the other.
class Shouter final : public IoLoop::Socket {
 public:
  explicit Shouter(int fd) : fd_(fd) {}

  std::function<void()> on_input = nullptr;

  // In a turn of its loop.
  void Shout(const std::string& text) { output_ += text; }

  int fd() const override { return fd_; }

  void ReadInput() override {
    char buffer[4096];
    ssize_t size = recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (size > 0) output_.append(buffer, static_cast<size_t>(size));
    if (on_input) on_input();
  }

  bool WriteOutput() override {
    for (char& c : output_) c = static_cast<char>(toupper(c));
    ssize_t size = send(fd_, output_.data(), output_.size(), MSG_DONTWAIT);
    if (size > 0) output_.erase(0, static_cast<size_t>(size));
    return !output_.empty();
  }

 private:
  const int fd_;
  std::string output_;
};

class IoLoopSocketTest : public ::testing::Test {
 protected:
  IoLoopSocketTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0); }
  ~IoLoopSocketTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  void Say(const std::string& text) {
    ASSERT_EQ(send(ends_[0], text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }

  // Waits for so many bytes.
  std::string Hear(size_t size) {
    std::string text(size, '\0');
    EXPECT_EQ(recv(ends_[0], text.data(), size, MSG_WAITALL), static_cast<ssize_t>(size));
    return text;
  }

  int ends_[2] = {-1, -1};
};

TEST_F(IoLoopSocketTest, InputIsReadAndOutputIsWritten) {
  Shouter shouter(ends_[1]);
  IoLoop loop;
  RunInLoop(loop, [&] { loop.Watch(&shouter); });

  Say("hello");
  EXPECT_EQ(Hear(5), "HELLO");
  Say("again");
  EXPECT_EQ(Hear(5), "AGAIN");
  RunInLoop(loop, [&] { loop.Watch(nullptr); });
}

TEST_F(IoLoopSocketTest, OutputThatDoesNotFitFollowsWhenThereIsRoom) {
  constexpr size_t kMuch = 4'000'000;
  Shouter shouter(ends_[1]);
  IoLoop loop;
  RunInLoop(loop, [&] { loop.Watch(&shouter); });

  std::thread speaker([this] { Say(std::string(kMuch, 'x')); });
  std::string text = Hear(kMuch);
  speaker.join();

  EXPECT_TRUE(text == std::string(kMuch, 'X'));
  RunInLoop(loop, [&] { loop.Watch(nullptr); });
}

TEST_F(IoLoopSocketTest, WhoBorrowsTheLoopReadsAndWrites) {
  Shouter shouter(ends_[1]);
  IoLoop loop;
  std::thread::id reader;
  shouter.on_input = [&reader] { reader = std::this_thread::get_id(); };
  ASSERT_TRUE(loop.Borrow(
      [&] {
        loop.Watch(&shouter);
        Say("hello");
      },
      [&reader] { return reader != std::thread::id(); }));
  EXPECT_EQ(reader, std::this_thread::get_id());
  EXPECT_EQ(Hear(5), "HELLO");

  Say("again");
  EXPECT_EQ(Hear(5), "AGAIN");
  RunInLoop(loop, [&] { loop.Watch(nullptr); });
  EXPECT_NE(reader, std::this_thread::get_id());
}

TEST_F(IoLoopSocketTest, OutputThatABorrowerLeavesFollowsAfterIt) {
  constexpr size_t kMuch = 4'000'000;
  Shouter shouter(ends_[1]);
  IoLoop loop;
  ASSERT_TRUE(loop.Borrow(
      [&] {
        loop.Watch(&shouter);
        shouter.Shout(std::string(kMuch, 'x'));
      },
      [] { return true; }));
  EXPECT_TRUE(Hear(kMuch) == std::string(kMuch, 'X'));
  RunInLoop(loop, [&] { loop.Watch(nullptr); });
}

TEST_F(IoLoopSocketTest, ASocketThatIsNotWatchedAnyMoreIsLeftAlone) {
  Shouter shouter(ends_[1]);
  IoLoop loop;
  RunInLoop(loop, [&] { loop.Watch(&shouter); });
  RunInLoop(loop, [&] { loop.Watch(nullptr); });

  Say("hello");
  RunInLoop(loop, [] {});

  char byte;
  EXPECT_EQ(recv(ends_[0], &byte, 1, MSG_DONTWAIT), -1);
}

TEST_F(IoLoopSocketTest, ATaskRunsWhileInputKeepsComing) {
  Shouter shouter(ends_[1]);
  IoLoop loop;
  RunInLoop(loop, [&] { loop.Watch(&shouter); });

  for (int i = 0; i < 1000; ++i) {
    Say("x");
    RunInLoop(loop, [] {});
  }
  EXPECT_EQ(Hear(1000), std::string(1000, 'X'));
  RunInLoop(loop, [&] { loop.Watch(nullptr); });
}

}  // namespace
}  // namespace mqrpc::internal

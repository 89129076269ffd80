#ifndef MQRPC_TESTING_MANUAL_LOOP_H_
#define MQRPC_TESTING_MANUAL_LOOP_H_

#include <deque>
#include <map>
#include <utility>

#include "absl/time/time.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/executor.h"

namespace mqrpc::testing {

// A loop whose time stands still until a test turns it, so that a test of deadlines takes no time
// and always ends the same way. All in the test's own thread: every piece of code counts as a turn
// of it, so `Call::Wait` is refused here; use `Then` or `co_await`, on a channel whose
// executor is this loop.
//
//   mqrpc::testing::ManualLoop loop;
//   mqrpc::InProcessBroker broker(loop);
//   auto connection = broker.Connect("caller");
//   mqrpc::Channel channel(**connection, {.executor = &loop});
//   ... start a call with a timeout of 5 s that nobody answers ...
//   loop.Advance(absl::Seconds(5));   // the call has ended DEADLINE_EXCEEDED
class ManualLoop final : public EventLoop, public Executor {
 public:
  absl::Time Now() const override { return now_; }
  bool InLoop() const override { return true; }
  void Post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId RunAt(absl::Time when, Task task) override;
  void CancelTimer(TimerId id) override;
  void Run(Task task) override { Post(std::move(task)); }

  // Runs what is posted or due, and what that posts, until nothing is left. Time stands still.
  void RunUntilIdle();

  // Moves time on, running each timer at its own instant.
  void Advance(absl::Duration duration);

 private:
  // The next one, if there is one; false if not.
  bool RunTask();
  bool RunTimer(absl::Time until);

  absl::Time now_ = absl::UnixEpoch();
  std::deque<Task> tasks_;
  std::map<std::pair<absl::Time, TimerId>, Task> timers_;
  TimerId next_timer_ = 1;
};

}  // namespace mqrpc::testing

#endif  // MQRPC_TESTING_MANUAL_LOOP_H_

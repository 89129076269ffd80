#ifndef MQRPC_TESTS_SIMULATION_SIM_LOOP_H_
#define MQRPC_TESTS_SIMULATION_SIM_LOOP_H_

#include <deque>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/executor.h"
#include "mqrpc/testing/manual_loop.h"

namespace mqrpc::simulation {

// The loop of one process: its turns are turns of the loop that all processes share, unless the
// process is held up, while time goes on for the others.
class SimLoop final : public EventLoop, public Executor {
 public:
  explicit SimLoop(testing::ManualLoop& shared) : shared_(shared) {}

  // While it exists, what runs counts as another thread of the process.
  class OtherThread {
   public:
    explicit OtherThread(SimLoop& loop)
        : loop_(loop), before_(std::exchange(loop.in_loop_, false)) {}
    ~OtherThread() { loop_.in_loop_ = before_; }

    OtherThread(const OtherThread&) = delete;
    OtherThread& operator=(const OtherThread&) = delete;

   private:
    SimLoop& loop_;
    const bool before_;
  };

  absl::Time Now() const override { return shared_.Now(); }
  bool InLoop() const override { return in_loop_; }
  void Post(Task task) override;
  TimerId RunAt(absl::Time when, Task task) override;
  void CancelTimer(TimerId id) override;
  void Run(Task task) override { Post(std::move(task)); }

  // No turn before then; and then, all that are due, in order.
  void Pause(absl::Time until);

  // The first instant from `when` on at which there were turns.
  absl::Time Awake(absl::Time when) const;

 private:
  struct Interval {
    absl::Time begin;
    absl::Time end;
  };

  void Turn();
  void Fire(TimerId id);

  testing::ManualLoop& shared_;
  std::deque<Task> tasks_;
  absl::flat_hash_map<TimerId, Task> timers_;
  TimerId next_timer_ = 1;
  std::vector<Interval> pauses_;
  absl::Time resumes_ = absl::InfinitePast();  // after the last of them
  bool in_loop_ = true;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_LOOP_H_

#include "mqrpc/testing/manual_loop.h"

#include <algorithm>

namespace mqrpc::testing {

EventLoop::TimerId ManualLoop::RunAt(absl::Time when, Task task) {
  TimerId id = next_timer_++;
  timers_.emplace(std::make_pair(when, id), std::move(task));
  return id;
}

void ManualLoop::CancelTimer(TimerId id) {
  auto timer = timers_.begin();
  while (timer != timers_.end() && timer->first.second != id) ++timer;
  if (timer == timers_.end()) return;
  auto cancelled = timers_.extract(timer);  // what it holds, when it goes, may come back to us
}

void ManualLoop::RunUntilIdle() {
  while (RunTask() || RunTimer(now_)) {
  }
}

void ManualLoop::Advance(absl::Duration duration) {
  absl::Time end = now_ + duration;
  RunUntilIdle();
  while (RunTimer(end)) RunUntilIdle();
  now_ = end;
}

bool ManualLoop::RunTask() {
  if (tasks_.empty()) return false;
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  task();
  return true;
}

bool ManualLoop::RunTimer(absl::Time until) {
  if (timers_.empty() || timers_.begin()->first.first > until) return false;
  auto timer = timers_.extract(timers_.begin());
  now_ = std::max(now_, timer.key().first);
  timer.mapped()();
  return true;
}

}  // namespace mqrpc::testing

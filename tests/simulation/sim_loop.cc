#include "sim_loop.h"

#include <algorithm>
#include <utility>

namespace mqrpc::simulation {

void SimLoop::Post(Task task) {
  tasks_.push_back(std::move(task));
  shared_.Post([this] { Turn(); });
}

void SimLoop::Turn() {
  if (Now() < resumes_) {
    shared_.RunAt(resumes_, [this] { Turn(); });
    return;
  }
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  task();
}

EventLoop::TimerId SimLoop::RunAt(absl::Time when, Task task) {
  TimerId id = next_timer_++;
  timers_.emplace(id, std::move(task));
  shared_.RunAt(when, [this, id] { Fire(id); });
  return id;
}

void SimLoop::Fire(TimerId id) {
  if (Now() < resumes_) {
    shared_.RunAt(resumes_, [this, id] { Fire(id); });
    return;
  }
  auto timer = timers_.extract(id);
  if (!timer.empty()) timer.mapped()();
}

void SimLoop::CancelTimer(TimerId id) {
  auto cancelled = timers_.extract(id);  // what it holds, when it goes, may come back to us
}

void SimLoop::Pause(absl::Time until) {
  if (until <= resumes_) return;
  pauses_.push_back({.begin = Now(), .end = until});
  resumes_ = until;
}

absl::Time SimLoop::Awake(absl::Time when) const {
  for (const Interval& pause : pauses_) {
    if (pause.begin <= when) when = std::max(when, pause.end);
  }
  return when;
}

}  // namespace mqrpc::simulation

#include "stop_timers.h"

namespace mqrpc::internal {

void StopTimers::Add(absl::Time deadline, const ServedCall* call, std::stop_source stop) {
  if (is_closed_) return;
  stops_.insert_or_assign({deadline, call}, std::move(stop));
  Arm();
}

void StopTimers::Close() {
  is_closed_ = true;
  stops_.clear();
  loop_.CancelTimer(std::exchange(timer_, 0));
}

// A timer that comes too early, since its call has ended, costs one turn.
void StopTimers::Arm() {
  absl::Time next = stops_.empty() ? absl::InfiniteFuture() : stops_.begin()->first.first;
  if (next >= timer_at_) return;
  loop_.CancelTimer(timer_);
  timer_at_ = next;
  timer_ = loop_.RunAt(next, [this] { OnTimer(); });
}

void StopTimers::OnTimer() {
  timer_at_ = absl::InfiniteFuture();
  absl::Time now = loop_.Now();
  while (!stops_.empty() && stops_.begin()->first.first <= now) {
    std::stop_source stop = std::move(stops_.begin()->second);
    stops_.erase(stops_.begin());
    stop.request_stop();
  }
  Arm();
}

}  // namespace mqrpc::internal

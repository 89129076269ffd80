#include "sim_drain.h"

#include <algorithm>

namespace mqrpc::simulation {
namespace {

// As ServerCore has it.
constexpr absl::Duration kLastReplies = absl::Seconds(1);

constexpr absl::Duration kBetweenLooks = absl::Milliseconds(2);

}  // namespace

void SimDrain::Begin(absl::Duration grace) {
  grace_ = grace;
  until_ = world_.Now() + grace;
  {
    internal::MutexLock lock(core_.mutex_);
    core_.is_closing_ = true;
  }
  core_.queue_.RefuseFrom(until_);
  core_.LeaveServices();
  LookAgain();
}

void SimDrain::Abort() {
  core_.Shutdown(absl::ZeroDuration());  // does nothing if it has begun
  core_.queue_.HandOverLast();
  core_.Close();
}

void SimDrain::LookAgain() {
  auto look = [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) Look();
  };
  loop_.RunAt(world_.Now() + kBetweenLooks, std::move(look));
}

void SimDrain::Look() {
  if (!MayGoOn()) return LookAgain();
  switch (step_) {
    case Step::kDraining:
      core_.queue_.HandOverLast();
      core_.queue_.Stop();
      step_ = Step::kRunning;
      return LookAgain();
    case Step::kRunning:
      until_ = std::max(until_, world_.Now() + std::min(grace_, kLastReplies));
      step_ = Step::kReplying;
      return LookAgain();
    case Step::kReplying:
      core_.Close();
      return on_end_();
  }
}

bool SimDrain::MayGoOn() const {
  if (step_ == Step::kRunning) return workers_ == nullptr || workers_->is_idle();
  if (world_.Now() >= until_) return true;
  if (step_ == Step::kDraining) return is_drained();
  internal::MutexLock lock(core_.mutex_);
  return core_.replies_under_way_ == 0;
}

bool SimDrain::is_idle() const {
  internal::MutexLock lock(core_.mutex_);
  return core_.replies_under_way_ == 0 && core_.queue_.empty() && core_.repetitions_.empty();
}

bool SimDrain::is_drained() const {
  internal::MutexLock lock(core_.mutex_);
  return core_.is_drained_;
}

}  // namespace mqrpc::simulation

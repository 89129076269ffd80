#include "sim_pipe.h"

#include <algorithm>
#include <utility>

namespace mqrpc::simulation {

void SimPipe::Send(const std::string& stream, EventLoop::Task arrive) {
  if (open_ == nullptr) return;
  absl::Duration delay = world_.random.Between(absl::ZeroDuration(), world_.faults.max_delay);
  absl::Time& last = last_arrival_[stream];
  last = std::max(last, std::max(world_.Now(), stalled_until_) + delay);
  there_.RunAt(last, [open = std::weak_ptr(open_), arrive = std::move(arrive)]() mutable {
    if (!open.expired()) arrive();
  });
}

}  // namespace mqrpc::simulation

#include "connect_plan.h"

#include <algorithm>
#include <utility>

namespace mqrpc::internal {

constexpr absl::Duration kQuickLoss = absl::Seconds(5);
constexpr absl::Duration kQuickLossBackoff = absl::Seconds(1);

ConnectPlan::ConnectPlan(size_t addresses, absl::Duration min_backoff, absl::Duration max_backoff)
    : addresses_(addresses),
      min_backoff_(min_backoff),
      max_backoff_(max_backoff),
      backoff_(min_backoff) {}

absl::Duration ConnectPlan::AfterFailure() {
  MoveOn();
  if (++failed_ < addresses_) return absl::ZeroDuration();
  failed_ = 0;
  return TakeBackoff();
}

absl::Duration ConnectPlan::AfterLoss(absl::Duration lasted) {
  MoveOn();
  failed_ = 0;
  quick_losses_ = lasted < kQuickLoss ? quick_losses_ + 1 : 0;
  backoff_ = quick_losses_ < 2 ? min_backoff_ : std::max(min_backoff_, kQuickLossBackoff);
  return TakeBackoff();
}

absl::Duration ConnectPlan::TakeBackoff() {
  return std::exchange(backoff_, std::min(backoff_ * 2, max_backoff_));
}

}  // namespace mqrpc::internal

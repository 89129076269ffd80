#include "connection_state.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace mqrpc::internal {

// More than this, infinity for one, does not fit into the clock.
constexpr absl::Duration kLongestWait = absl::Hours(24 * 365 * 100);

void ConnectionState::Set(const absl::Status& status) {
  MutexLock lock(mutex_);
  is_connected_ = status.ok();
  why_not_ = std::string(status.message());
  if (is_connected_) changed_.NotifyAll();
}

absl::Status ConnectionState::WaitUntilConnected(absl::Duration timeout) const {
  auto wait = absl::ToChronoNanoseconds(std::clamp(timeout, absl::ZeroDuration(), kLongestWait));
  auto until = std::chrono::steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (!is_connected_) {
    if (std::chrono::steady_clock::now() >= until) {
      return absl::DeadlineExceededError(
          absl::StrCat("not connected within ", absl::FormatDuration(timeout), ": ", why_not_));
    }
    changed_.WaitUntil(mutex_, until);
  }
  return absl::OkStatus();
}

}  // namespace mqrpc::internal

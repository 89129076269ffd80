#ifndef MQRPC_FROM_NOW_H_
#define MQRPC_FROM_NOW_H_

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace mqrpc::internal {

// For waiting on a CondVar, also for ever: the clock has an end, which a year is short of.
inline std::chrono::steady_clock::time_point FromNow(absl::Duration duration) {
  duration = std::min(duration, absl::Hours(24 * 365));
  return std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(duration);
}

}  // namespace mqrpc::internal

#endif  // MQRPC_FROM_NOW_H_

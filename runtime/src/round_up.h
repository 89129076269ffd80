#ifndef MQRPC_ROUND_UP_H_
#define MQRPC_ROUND_UP_H_

#include <cstdint>

#include "absl/time/time.h"

namespace mqrpc::internal {

// How many units a time takes, the last one begun. Neither is for ever. (absl::Ceil divides in 128
// bits, which is noticed in each call of a batch.)
inline int64_t RoundUp(absl::Duration time, absl::Duration unit) {
  int64_t nanoseconds = absl::ToInt64Nanoseconds(unit);
  return (absl::ToInt64Nanoseconds(time) + nanoseconds - 1) / nanoseconds;
}

}  // namespace mqrpc::internal

#endif  // MQRPC_ROUND_UP_H_

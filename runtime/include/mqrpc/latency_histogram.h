#ifndef MQRPC_LATENCY_HISTOGRAM_H_
#define MQRPC_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace mqrpc {

// How long each of many things took, to an eighth of the time itself and to a microsecond at best.
// Two may be added, of several channels for example. A value: what is counted later does not change
// it.
//
//   absl::Duration p99 = channel.stats().latency.Quantile(0.99);
class LatencyHistogram {
 public:
  // Enough for 2^41 microseconds, the longest timeout; what takes longer is in the last one.
  static constexpr size_t kBuckets = 320;

  // The bucket of a time, and the longest time that belongs into a bucket.
  static size_t BucketOf(absl::Duration time);
  static absl::Duration UpperBound(size_t bucket);

  // How many were counted in each bucket; for exporters.
  std::array<uint64_t, kBuckets> buckets = {};

  uint64_t count() const;

  // The time within which so large a part of them, 0 to 1, were done; zero if there are none.
  absl::Duration Quantile(double part) const;

  LatencyHistogram& operator+=(const LatencyHistogram& other);
};

}  // namespace mqrpc

#endif  // MQRPC_LATENCY_HISTOGRAM_H_

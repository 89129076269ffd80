#ifndef MQRPC_LATENCY_RECORDER_H_
#define MQRPC_LATENCY_RECORDER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "mqrpc/latency_histogram.h"

namespace mqrpc::internal {

// A LatencyHistogram that grows. Thread-safe.
class LatencyRecorder {
 public:
  void Add(absl::Duration time) {
    buckets_[LatencyHistogram::BucketOf(time)].fetch_add(1, std::memory_order_relaxed);
  }

  LatencyHistogram Snapshot() const {
    LatencyHistogram histogram;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      histogram.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    }
    return histogram;
  }

 private:
  std::array<std::atomic<uint64_t>, LatencyHistogram::kBuckets> buckets_ = {};
};

}  // namespace mqrpc::internal

#endif  // MQRPC_LATENCY_RECORDER_H_

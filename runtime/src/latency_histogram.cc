#include "mqrpc/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace mqrpc {
namespace {

// Each power of two has so many buckets of one width; below the first such power, one per
// microsecond.
constexpr int kStepBits = 3;
constexpr uint64_t kSteps = 1 << kStepBits;

}  // namespace

size_t LatencyHistogram::BucketOf(absl::Duration time) {
  int64_t micros = absl::ToInt64Microseconds(time);
  if (micros <= 0) return 0;
  auto value = static_cast<uint64_t>(micros);
  if (value < kSteps) return value;
  int shift = std::bit_width(value) - 1 - kStepBits;
  size_t bucket = (static_cast<size_t>(shift) << kStepBits) + (value >> shift);
  return std::min(bucket, kBuckets - 1);
}

absl::Duration LatencyHistogram::UpperBound(size_t bucket) {
  if (bucket < 2 * kSteps) return absl::Microseconds(bucket);
  size_t shift = (bucket >> kStepBits) - 1;
  uint64_t next = (kSteps + bucket % kSteps + 1) << shift;
  return absl::Microseconds(next - 1);
}

uint64_t LatencyHistogram::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0});
}

absl::Duration LatencyHistogram::Quantile(double part) const {
  auto wanted = static_cast<uint64_t>(std::ceil(part * static_cast<double>(count())));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets[i];
    if (seen > 0 && seen >= wanted) return UpperBound(i);
  }
  return absl::ZeroDuration();
}

LatencyHistogram& LatencyHistogram::operator+=(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets[i] += other.buckets[i];
  return *this;
}

}  // namespace mqrpc

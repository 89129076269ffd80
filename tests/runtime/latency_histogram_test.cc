#include "mqrpc/latency_histogram.h"

#include "gtest/gtest.h"
#include "latency_recorder.h"

namespace mqrpc::tests {
namespace {

using internal::LatencyRecorder;

TEST(LatencyHistogramTest, EachTimeIsWithinItsBucketAndNotInTheOneBefore) {
  for (int64_t micros = 0; micros < int64_t{1} << 41; micros += micros / 50 + 1) {
    absl::Duration time = absl::Microseconds(micros);
    size_t bucket = LatencyHistogram::BucketOf(time);
    ASSERT_LE(time, LatencyHistogram::UpperBound(bucket)) << time;
    if (bucket == 0) continue;
    ASSERT_GT(time, LatencyHistogram::UpperBound(bucket - 1)) << time;
  }
}

TEST(LatencyHistogramTest, ABucketIsAtMostAnEighthOfItsTimesWide) {
  for (size_t i = 16; i + 1 < LatencyHistogram::kBuckets; ++i) {
    absl::Duration width = LatencyHistogram::UpperBound(i) - LatencyHistogram::UpperBound(i - 1);
    ASSERT_LE(width, LatencyHistogram::UpperBound(i) / 8) << i;
  }
}

TEST(LatencyHistogramTest, WhatIsOutOfRangeIsCountedAtItsEnds) {
  EXPECT_EQ(LatencyHistogram::BucketOf(absl::Seconds(-1)), 0u);
  EXPECT_EQ(LatencyHistogram::BucketOf(absl::InfiniteDuration()), LatencyHistogram::kBuckets - 1);
}

TEST(LatencyHistogramTest, AQuantileIsATimeWithinWhichSoManyWereDone) {
  LatencyRecorder recorder;
  for (int i = 1; i <= 100; ++i) recorder.Add(absl::Milliseconds(i));
  LatencyHistogram histogram = recorder.Snapshot();

  EXPECT_EQ(histogram.count(), 100u);
  for (auto [part, millis] : {std::pair(0.0, 1), {0.5, 50}, {0.99, 99}, {1.0, 100}}) {
    EXPECT_GE(histogram.Quantile(part), absl::Milliseconds(millis));
    EXPECT_LE(histogram.Quantile(part), absl::Milliseconds(millis) * 9 / 8);
  }
}

TEST(LatencyHistogramTest, WithoutAnyThereIsNone) {
  EXPECT_EQ(LatencyHistogram().Quantile(0.5), absl::ZeroDuration());
}

TEST(LatencyHistogramTest, ASnapshotDoesNotChangeAndMayBeAdded) {
  LatencyRecorder recorder;
  recorder.Add(absl::Seconds(1));
  LatencyHistogram snapshot = recorder.Snapshot();
  recorder.Add(absl::Seconds(2));
  EXPECT_EQ(snapshot.count(), 1u);

  snapshot += recorder.Snapshot();
  EXPECT_EQ(snapshot.count(), 3u);
}

}  // namespace
}  // namespace mqrpc::tests

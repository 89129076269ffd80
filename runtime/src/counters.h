#ifndef MQRPC_COUNTERS_H_
#define MQRPC_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "latency_recorder.h"
#include "mqrpc/stats.h"

namespace mqrpc::internal {

// A number that one thread writes, or several, and any reads.
class Counter {
 public:
  void Add(uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  void Subtract(uint64_t less = 1) { value_.fetch_sub(less, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// How many ended with each canonical code.
class OutcomeCounter {
 public:
  void Add(absl::StatusCode code) {
    auto number = static_cast<size_t>(code);
    counts_[number < counts_.size() ? number : 2].Add();  // UNKNOWN
  }
  CountsByCode Snapshot() const {
    CountsByCode counts = {};
    for (size_t i = 0; i < counts.size(); ++i) counts[i] = counts_[i].value();
    return counts;
  }

 private:
  std::array<Counter, std::tuple_size_v<CountsByCode>> counts_;
};

// What stats() of mqrpc/stats.h are made of. Thread-safe.

struct ChannelCounters {
  Counter started;
  Counter completed;
  Counter refused;
  Counter retries;
  Counter late_replies;
  Counter unknown_replies;
  Counter retained_replies;
  OutcomeCounter outcomes;
  LatencyRecorder latency;

  // But for how things stand at present.
  ChannelStats Snapshot() const;
};

struct ServerCounters {
  Counter received;
  Counter answered;
  Counter refused;
  Counter expired;
  Counter unsafe_response_topics;
  Counter retained_requests;
  Counter malformed_batches;
  Counter replies_lost;
  Counter running;
  OutcomeCounter outcomes;
  LatencyRecorder wait_time;
  LatencyRecorder run_time;

  // But for what is queued and kept.
  ServerStats Snapshot() const;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_COUNTERS_H_

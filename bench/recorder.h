#ifndef MQRPC_BENCH_RECORDER_H_
#define MQRPC_BENCH_RECORDER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "measurement.h"
#include "process.h"

namespace mqrpc::bench {

// Turns the calls of one round into a measurement. The load runs on without a pause while the
// recorder first lets it warm up, then measures, then has it end; a call counts when it completes
// while measuring. Thread-safe: several clients, each with calls on threads of its own, may report
// to one recorder.
class Recorder {
 public:
  using Clock = std::chrono::steady_clock;

  struct Processes {
    Process client;
    std::optional<Process> broker;
    Process server;
  };

  // `payload_size` is that of each request, and so of each answer; `clients` call Start().
  Recorder(
      const Processes& processes,
      size_t payload_size,
      absl::Duration warm_up,
      absl::Duration duration,
      size_t clients = 1);

  // What a client does before its first call. Returns when all of them are that far, or GiveUp()
  // was called; from here on time counts.
  void Start();

  // Returns when so many clients have called Start(), or GiveUp() was called.
  void AwaitClients(size_t count);

  // Wants no more calls: a client will never start.
  void GiveUp();

  // A call that was answered, which succeeds if the payload of the answer is that of its request.
  void Answer(
      uint64_t call,
      Clock::time_point from,
      Clock::time_point to,
      std::string_view payload);

  // One whose latency is its own affair; otherwise it counts like the others.
  void AnswerUntimed(uint64_t call, std::string_view payload);

  // Any other end of a call, or of `calls` of them.
  void Fail(const absl::Status& status, uint64_t calls = 1);

  // Whether a new call should follow those reported.
  bool wants_more() const { return phase_ != Phase::kDone; }

  // For calls that nobody answers, and a single client: what they occupy is measured. Before the
  // first of them, and after the last; a call that ends between the two has failed. The second
  // waits until the processes do not grow any more.
  void BeginHolding();
  void EndHolding(uint64_t calls);

  // Once wants_more() has become false.
  Measurement Result() const;

 private:
  enum class Phase { kWarmUp, kMeasure, kDone };

  struct CpuTimes {
    absl::Duration client;
    absl::Duration broker;
    absl::Duration server;
  };

  struct Memory {
    double client = 0;
    double broker = 0;
    double server = 0;

    bool operator==(const Memory&) const = default;
  };

  bool Check(uint64_t call, std::string_view payload);
  CpuTimes ReadCpuTimes() const;
  Memory ReadMemory() const;
  void Advance(Clock::time_point now);  // under the lock

  const Processes processes_;
  const size_t payload_size_;
  const size_t clients_;
  const Clock::duration warm_up_;
  const Clock::duration duration_;

  std::atomic<Phase> phase_ = Phase::kWarmUp;  // written under the lock

  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable started_;
  size_t to_start_;          // clients that have not called Start()
  Clock::time_point begin_;  // of the phase
  Clock::duration measured_ = {};
  CpuTimes cpu_begin_;
  CpuTimes cpu_end_;
  std::vector<Clock::duration> latencies_;
  uint64_t untimed_ = 0;
  uint64_t held_ = 0;
  Memory memory_begin_;
  Memory memory_end_;
  uint64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_RECORDER_H_

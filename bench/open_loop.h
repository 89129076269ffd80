#ifndef MQRPC_BENCH_OPEN_LOOP_H_
#define MQRPC_BENCH_OPEN_LOOP_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>

#include "absl/status/status.h"
#include "cell.h"
#include "recorder.h"

namespace mqrpc::bench {

// Calls that start when they are due, whether or not those before them were answered. The latency
// of a call is from when it was due, so that whatever holds it up, before it starts or after, shows
// in it. That of slow calls is not recorded.
class OpenLoop {
 public:
  struct Call {
    uint64_t number;
    Recorder::Clock::time_point due;
    bool is_slow;
  };

  // The cell has a rate.
  OpenLoop(const Cell& cell, Recorder& recorder);

  // Calls `start` with one call after the other, on this thread, until the recorder wants no more.
  // Returns when all have ended; DEADLINE_EXCEEDED: they never did.
  absl::Status Run(const std::function<void(const Call&)>& start);

  // Any call of Run(), by its number. Any thread, once a call was started.
  Call Find(uint64_t number) const;

  // The end of a call: one of these, once. Any thread.
  void Answer(const Call& call, std::string_view payload);
  void Fail(const absl::Status& status);

 private:
  void End();

  const Recorder::Clock::duration interval_;
  const uint64_t slow_every_;
  Recorder& recorder_;
  Recorder::Clock::time_point begin_ = {};  // since Run()

  std::mutex mutex_;
  std::condition_variable all_ended_;
  size_t outstanding_ = 0;  // under the lock
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_OPEN_LOOP_H_

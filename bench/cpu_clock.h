#ifndef MQRPC_BENCH_CPU_CLOCK_H_
#define MQRPC_BENCH_CPU_CLOCK_H_

#include <sys/types.h>
#include <time.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mqrpc::bench {

// The processor time of one process: all its threads, in user and in kernel mode.
class CpuClock {
 public:
  static absl::StatusOr<CpuClock> Of(pid_t process);

  // Zero once the process has ended.
  absl::Duration Now() const;

 private:
  explicit CpuClock(clockid_t clock) : clock_(clock) {}

  clockid_t clock_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_CPU_CLOCK_H_

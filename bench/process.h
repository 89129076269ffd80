#ifndef MQRPC_BENCH_PROCESS_H_
#define MQRPC_BENCH_PROCESS_H_

#include <sys/types.h>
#include <time.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mqrpc::bench {

// What a process uses; zero once it has ended.
class Process {
 public:
  static absl::StatusOr<Process> Of(pid_t pid);

  // All its threads, in user and in kernel mode.
  absl::Duration CpuTime() const;

  // What it has in memory.
  double ResidentBytes() const;

 private:
  Process(pid_t pid, clockid_t clock) : pid_(pid), clock_(clock) {}

  pid_t pid_;
  clockid_t clock_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_PROCESS_H_

#include "cpu_clock.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace mqrpc::bench {

absl::StatusOr<CpuClock> CpuClock::Of(pid_t process) {
  clockid_t clock;
  int error = clock_getcpuclockid(process, &clock);
  if (error == 0) return CpuClock(clock);
  return absl::InternalError(
      absl::StrCat("no processor clock of process ", process, ": ", strerror(error)));
}

absl::Duration CpuClock::Now() const {
  timespec now;
  if (clock_gettime(clock_, &now) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(now);
}

}  // namespace mqrpc::bench

#include "process.h"

#include <unistd.h>

#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace mqrpc::bench {

absl::StatusOr<Process> Process::Of(pid_t pid) {
  clockid_t clock;
  int error = clock_getcpuclockid(pid, &clock);
  if (error == 0) return Process(pid, clock);
  return absl::InternalError(
      absl::StrCat("no processor clock of process ", pid, ": ", strerror(error)));
}

absl::Duration Process::CpuTime() const {
  timespec now;
  if (clock_gettime(clock_, &now) != 0) return absl::ZeroDuration();
  return absl::DurationFromTimespec(now);
}

double Process::ResidentBytes() const {
  std::ifstream file(absl::StrCat("/proc/", pid_, "/statm"));
  double all_pages = 0;
  double resident_pages = 0;
  file >> all_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace mqrpc::bench

#include "process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

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
  // Without a stream, whose buffer would be part of what is measured.
  char text[256] = {};
  int file = open(absl::StrCat("/proc/", pid_, "/statm").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  [[maybe_unused]] ssize_t size = read(file, text, sizeof(text) - 1);
  close(file);
  long resident_pages = 0;
  if (sscanf(text, "%*d %ld", &resident_pages) != 1) return 0;
  return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace mqrpc::bench

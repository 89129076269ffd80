#include "child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace mqrpc::testing {
namespace {

// In the child, where only what is async-signal-safe may be done: other threads are gone, with
// their locks held.
[[noreturn]] void Become(char* const* argv, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before it could be said
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  // Ours: a listening socket or a pipe that lives on in the child is hard to find.
  close_range(STDERR_FILENO + 1, ~0U, 0);
  execv(argv[0], argv);
  const char* error = strerrordesc_np(errno);
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, error, strlen(error));
  _exit(127);
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(
    std::vector<std::string> argv,
    const std::string& output_path) {
  int output = open(output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) return absl::ErrnoToStatus(errno, absl::StrCat("open ", output_path));
  std::vector<char*> arguments;
  for (std::string& argument : argv) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) Become(arguments.data(), output, parent);
  int error = errno;
  close(output);
  if (child < 0) return absl::ErrnoToStatus(error, absl::StrCat("fork for ", argv[0]));
  ChildProcess process;
  process.pid_ = child;
  return process;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

bool ChildProcess::IsRunning() {
  if (pid_ == 0) return false;
  if (waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = 0;
  return false;
}

void ChildProcess::Stop(absl::Duration patience) {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  for (absl::Time end = absl::Now() + patience; absl::Now() < end && IsRunning();) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  Kill();
}

void ChildProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

}  // namespace mqrpc::testing

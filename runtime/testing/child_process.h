#ifndef MQRPC_TESTING_CHILD_PROCESS_H_
#define MQRPC_TESTING_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mqrpc::testing {

// A program that runs beside us, and not longer than the thread that started it: the kernel sees to
// that (PR_SET_PDEATHSIG), also when we crash.
class ChildProcess {
 public:
  // What it writes is appended to `output_path`. argv[0] is the program's path.
  static absl::StatusOr<ChildProcess> Start(
      std::vector<std::string> argv,
      const std::string& output_path);

  ChildProcess() = default;
  ~ChildProcess() { Kill(); }
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  // 0 if it does not run, so far as is known.
  pid_t pid() const { return pid_; }

  // False once it has ended.
  bool IsRunning();

  // SIGTERM; SIGKILL if it has not ended within `patience`.
  void Stop(absl::Duration patience = absl::Seconds(10));
  void Kill();

 private:
  pid_t pid_ = 0;
};

}  // namespace mqrpc::testing

#endif  // MQRPC_TESTING_CHILD_PROCESS_H_

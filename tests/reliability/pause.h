#ifndef MQRPC_TESTS_RELIABILITY_PAUSE_H_
#define MQRPC_TESTS_RELIABILITY_PAUSE_H_

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

namespace mqrpc::tests {

// Stops a child of ours. Returns when all its threads have: those go on until one has seen the
// signal.
inline void Pause(pid_t child) {
  kill(child, SIGSTOP);
  siginfo_t stopped;
  while (waitid(P_PID, static_cast<id_t>(child), &stopped, WSTOPPED) < 0 && errno == EINTR) {
  }
}

inline void Resume(pid_t child) { kill(child, SIGCONT); }

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RELIABILITY_PAUSE_H_

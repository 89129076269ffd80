#ifndef MQRPC_BENCH_SERVER_PROCESS_H_
#define MQRPC_BENCH_SERVER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mqrpc::bench {

// This program once more, in the role of a server; it ends when its standard input does, so also
// when the process that started it dies.
class ServerProcess {
 public:
  // Returns when the server has said, by AnnounceReady(), that calls can come, and to where.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(
      const std::vector<std::string>& arguments);

  // In the server.
  static void AnnounceReady(const std::string& address);

  ~ServerProcess();

  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& address() const { return address_; }

 private:
  ServerProcess(pid_t pid, int input) : pid_(pid), input_(input) {}

  void ReadAddress(int output);

  const pid_t pid_;
  const int input_;
  std::string address_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_SERVER_PROCESS_H_

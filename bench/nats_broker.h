#ifndef MQRPC_BENCH_NATS_BROKER_H_
#define MQRPC_BENCH_NATS_BROKER_H_

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "child_process.h"

namespace mqrpc::bench {

// A private `nats-server` on a free port of 127.0.0.1, which ends when the object is destroyed.
class NatsBroker {
 public:
  static absl::StatusOr<std::unique_ptr<NatsBroker>> Start();
  ~NatsBroker();

  const std::string& address() const { return address_; }
  pid_t pid() const { return process_.pid(); }

 private:
  explicit NatsBroker(std::string folder) : folder_(std::move(folder)) {}

  absl::Status Run();

  const std::string folder_;
  testing::ChildProcess process_;
  std::string address_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_NATS_BROKER_H_

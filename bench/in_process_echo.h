#ifndef MQRPC_BENCH_IN_PROCESS_ECHO_H_
#define MQRPC_BENCH_IN_PROCESS_ECHO_H_

#include <cstdint>
#include <memory>

#include "echo.mqrpc.pb.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/testing/manual_loop.h"

namespace mqrpc::bench {

// Client, server and in-process broker in one thread, on a loop whose time stands still, so that
// nothing but our own code runs, and always the same.
class InProcessEcho {
 public:
  // Null if it does not come up.
  static std::unique_ptr<InProcessEcho> Start();

  // Makes so many calls of 64 bytes at once. Returns how many were answered.
  uint64_t Call(uint64_t calls);

 private:
  class Echoes final : public EchoService::Service {
    absl::StatusOr<EchoReply> Echo(ServerContext&, const EchoRequest& request) override;
  };

  InProcessEcho() = default;

  testing::ManualLoop loop_;
  InProcessBroker broker_{loop_};
  std::unique_ptr<Transport> device_;
  std::unique_ptr<Transport> caller_;
  Echoes echoes_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Channel> channel_;
  EchoRequest request_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_IN_PROCESS_ECHO_H_

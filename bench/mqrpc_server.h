#ifndef MQRPC_BENCH_MQRPC_SERVER_H_
#define MQRPC_BENCH_MQRPC_SERVER_H_

#include "absl/status/status.h"
#include "load.h"

namespace mqrpc::bench {

// Serves EchoService with mqrpc. Calls `on_ready` when calls can come, and returns once the
// standard input has ended.
absl::Status RunMqrpcServer(const Serving& serving, OnReady on_ready);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_MQRPC_SERVER_H_

#ifndef MQRPC_BENCH_FLOOR_SERVER_H_
#define MQRPC_BENCH_FLOOR_SERVER_H_

#include "absl/status/status.h"
#include "load.h"

namespace mqrpc::bench {

// Echoes on plain libmosquitto: the reply is published where the request is received. Calls
// `on_ready` when calls can come, and returns once the standard input has ended.
absl::Status RunFloorServer(const Serving& serving, OnReady on_ready);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_FLOOR_SERVER_H_

#ifndef MQRPC_BENCH_NATS_SERVER_H_
#define MQRPC_BENCH_NATS_SERVER_H_

#include "absl/status/status.h"
#include "load.h"

namespace mqrpc::bench {

// Echoes as a member of a queue group of NATS.
absl::Status RunNatsServer(const Serving& serving, OnReady on_ready);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_NATS_SERVER_H_

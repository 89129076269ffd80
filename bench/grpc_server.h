#ifndef MQRPC_BENCH_GRPC_SERVER_H_
#define MQRPC_BENCH_GRPC_SERVER_H_

#include "absl/status/status.h"
#include "load.h"

namespace mqrpc::bench {

// Serves EchoService with gRPC's callback API, on a port or a unix socket of its own.
absl::Status RunGrpcServer(const Serving& serving, OnReady on_ready);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_GRPC_SERVER_H_

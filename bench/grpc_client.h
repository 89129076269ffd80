#ifndef MQRPC_BENCH_GRPC_CLIENT_H_
#define MQRPC_BENCH_GRPC_CLIENT_H_

#include "absl/status/status.h"
#include "load.h"
#include "recorder.h"

namespace mqrpc::bench {

// One call in flight is a blocking one; several are calls of the callback API, each of which is
// followed by the next in its callback.
absl::Status RunGrpcClient(const Load& load, Recorder& recorder);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_GRPC_CLIENT_H_

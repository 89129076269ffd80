#ifndef MQRPC_BENCH_MQRPC_CLIENT_H_
#define MQRPC_BENCH_MQRPC_CLIENT_H_

#include "absl/status/status.h"
#include "load.h"
#include "recorder.h"

namespace mqrpc::bench {

// Keeps calls of mqrpc going until the recorder wants no more: a single one by blocking calls of
// one thread, several by asynchronous calls whose continuations start the next. An error: the load
// did not come about; what happens to single calls goes to the recorder.
absl::Status RunMqrpcClient(const Load& load, Recorder& recorder);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_MQRPC_CLIENT_H_

#ifndef MQRPC_BENCH_FLOOR_CLIENT_H_
#define MQRPC_BENCH_FLOOR_CLIENT_H_

#include "absl/status/status.h"
#include "load.h"
#include "recorder.h"

namespace mqrpc::bench {

// Keeps calls going on plain libmosquitto until the recorder wants no more: the next one starts
// where the reply to the last is received. An error: the load did not come about; what happens to
// single calls goes to the recorder.
absl::Status RunFloorClient(const Load& load, Recorder& recorder);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_FLOOR_CLIENT_H_

#ifndef MQRPC_BENCH_NATS_CLIENT_H_
#define MQRPC_BENCH_NATS_CLIENT_H_

#include "absl/status/status.h"
#include "load.h"
#include "recorder.h"

namespace mqrpc::bench {

// Requests by NATS. One in flight is natsConnection_Request; for several, which that cannot do from
// one thread, the same by hand: one inbox for all, each request with a subject of its own in it.
absl::Status RunNatsClient(const Load& load, Recorder& recorder);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_NATS_CLIENT_H_

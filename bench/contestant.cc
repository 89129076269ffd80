#include "contestant.h"

#include <utility>

#include "floor_client.h"
#include "floor_server.h"
#include "mqrpc_client.h"
#include "mqrpc_server.h"
#ifdef MQRPC_BENCH_PEERS
#include "grpc_client.h"
#include "grpc_server.h"
#include "nats_client.h"
#include "nats_server.h"
#endif

namespace mqrpc::bench {
namespace {

absl::Status ServeInline(const Serving& serving, OnReady on_ready) {
  Serving changed = serving;
  changed.workers = 0;
  return RunMqrpcServer(changed, std::move(on_ready));
}

absl::Status CallSingly(const Load& load, Recorder& recorder) {
  Load changed = load;
  changed.batch_calls = 1;
  return RunMqrpcClient(changed, recorder);
}

}  // namespace

const std::vector<Contestant>& Contestants() {
  static const auto* const contestants = new std::vector<Contestant>{
      {.name = "floor",
       .about = "plain libmosquitto, carrying the same messages",
       .middle = Middle::kMosquitto,
       .serve = RunFloorServer,
       .call = RunFloorClient,
       .keeps_time = false,  // its one thread waits for messages
       .holds_calls = false},
      {.name = "mqrpc",
       .about = "as it comes: a pool of workers, calls that share messages",
       .middle = Middle::kMosquitto,
       .serve = RunMqrpcServer,
       .call = RunMqrpcClient},
      {.name = "mqrpc-inline",
       .about = "handlers on the connection's own thread",
       .middle = Middle::kMosquitto,
       .serve = ServeInline,
       .call = RunMqrpcClient},
      {.name = "mqrpc-single",
       .about = "a message for each call",
       .middle = Middle::kMosquitto,
       .serve = RunMqrpcServer,
       .call = CallSingly},
      {.name = "mqrpc-inline-single",
       .about = "both",
       .middle = Middle::kMosquitto,
       .serve = ServeInline,
       .call = CallSingly},
#ifdef MQRPC_BENCH_PEERS
      {.name = "grpc",
       .about = "gRPC C++, callback API, without a broker",
       .middle = Middle::kNothing,
       .serve = RunGrpcServer,
       .call = RunGrpcClient},
      {.name = "nats",
       .about = "request/reply of NATS, bytes only",
       .middle = Middle::kNats,
       .serve = RunNatsServer,
       .call = RunNatsClient,
       .holds_calls = false},  // its client keeps nothing of a request that it has sent
#endif
  };
  return *contestants;
}

const Contestant* FindContestant(std::string_view name) {
  for (const Contestant& contestant : Contestants()) {
    if (contestant.name == name) return &contestant;
  }
  return nullptr;
}

}  // namespace mqrpc::bench

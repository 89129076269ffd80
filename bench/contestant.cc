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

// Which has no time for anything but to wait for messages.
constexpr bool kOneThread = false;

}  // namespace

const std::vector<Contestant>& Contestants() {
  static const auto* const contestants = new std::vector<Contestant>{
      {"floor",
       "plain libmosquitto, carrying the same messages",
       Middle::kMosquitto,
       RunFloorServer,
       RunFloorClient,
       kOneThread},
      {"mqrpc",
       "as it comes: a pool of workers, calls that share messages",
       Middle::kMosquitto,
       RunMqrpcServer,
       RunMqrpcClient},
      {"mqrpc-inline",
       "handlers on the connection's own thread",
       Middle::kMosquitto,
       ServeInline,
       RunMqrpcClient},
      {"mqrpc-single", "a message for each call", Middle::kMosquitto, RunMqrpcServer, CallSingly},
      {"mqrpc-inline-single", "both", Middle::kMosquitto, ServeInline, CallSingly},
#ifdef MQRPC_BENCH_PEERS
      {"grpc",
       "gRPC C++, callback API, without a broker",
       Middle::kNothing,
       RunGrpcServer,
       RunGrpcClient},
      {"nats", "request/reply of NATS, bytes only", Middle::kNats, RunNatsServer, RunNatsClient},
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

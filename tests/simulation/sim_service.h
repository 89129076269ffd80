#ifndef MQRPC_TESTS_SIMULATION_SIM_SERVICE_H_
#define MQRPC_TESTS_SIMULATION_SIM_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "google/protobuf/wrappers.pb.h"
#include "mqrpc/method.h"
#include "mqrpc/service.h"
#include "sim_transport.h"
#include "sim_workers.h"
#include "world.h"

namespace mqrpc::simulation {

// A request is the number of its call, a reply the number of the run that answered it; each of them
// plus one, so that a payload that got lost is no number.
using Number = google::protobuf::UInt64Value;

inline constexpr char kService[] = "simulation.Thing";

// The call that a request is of; none, if it does not parse.
size_t CallOf(const std::string& request);

// Its method of that kind.
Method MethodOf(Idempotency idempotency);

// Enters each run into the ledger, and takes its time, fails, forgets to answer, or dies.
class SimService final : public Service, public SimTransport::Watcher {
 public:
  // What it asks of its process.
  struct Process {
    std::function<void()> crash;  // in a later turn
    std::function<uint64_t()> evictions;
  };

  // `server` is the number of this start of it, `workers` those that run its handlers, if any.
  SimService(
      World& world,
      SimLoop& loop,
      const SimWorkers* workers,
      uint64_t server,
      Process process)
      : world_(world),
        loop_(loop),
        workers_(workers),
        server_(server),
        process_(std::move(process)) {}

  ServiceDescriptor mqrpc_descriptor() override;
  void OnArrival(const SimPacket& request) override;

  // Whether the marker has come that a server sends to itself when it shuts down.
  bool has_marker() const { return has_marker_; }

  // Handlers that have not ended.
  size_t running() const { return running_.size(); }

 private:
  void OnArrival(size_t call, absl::Duration uncounted);
  // A handler that has not ended: it keeps its worker, or will answer without one.
  struct Running {
    std::unique_ptr<ServerCall> call;
    std::shared_ptr<void> worker;
  };

  void Run(std::unique_ptr<ServerCall> call);
  void Finish(size_t run);
  void CheckCancel(size_t run, ServerContext& context);

  World& world_;
  SimLoop& loop_;
  const SimWorkers* const workers_;
  const uint64_t server_;
  const Process process_;
  std::map<size_t, absl::Duration> uncounted_;  // of the requests of each call, the longest
  std::map<size_t, Running> running_;
  bool has_marker_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // asked by turns to come
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_SERVICE_H_

#ifndef MQRPC_TESTS_SIMULATION_SIM_SERVICE_H_
#define MQRPC_TESTS_SIMULATION_SIM_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "google/protobuf/wrappers.pb.h"
#include "mqrpc/method.h"
#include "mqrpc/service.h"
#include "sim_transport.h"
#include "world.h"

namespace mqrpc::simulation {

// A request is the number of its call, a reply the number of the run that answered it; each of them
// plus one, so that a payload that got lost is no number.
using Number = google::protobuf::UInt64Value;

inline constexpr char kService[] = "simulation.Thing";

// Its method of that kind.
Method MethodOf(Idempotency idempotency);

// Enters each run into the ledger, and takes its time, fails, forgets to answer, or dies.
class SimService final : public Service {
 public:
  // `server` is the number of this start of it; `transport` tells how late a request is; `crash`
  // asks for the end of the process, in a later turn.
  SimService(
      World& world,
      SimLoop& loop,
      const SimTransport& transport,
      uint64_t server,
      std::function<void()> crash)
      : world_(world),
        loop_(loop),
        transport_(transport),
        server_(server),
        crash_(std::move(crash)) {}

  ServiceDescriptor mqrpc_descriptor() override;

 private:
  void Run(std::unique_ptr<ServerCall> call);
  void Finish(size_t run);

  World& world_;
  SimLoop& loop_;
  const SimTransport& transport_;
  const uint64_t server_;
  const std::function<void()> crash_;
  std::map<size_t, std::unique_ptr<ServerCall>> running_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // asked by turns to come
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_SERVICE_H_

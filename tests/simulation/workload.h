#ifndef MQRPC_TESTS_SIMULATION_WORKLOAD_H_
#define MQRPC_TESTS_SIMULATION_WORKLOAD_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "sim_client.h"
#include "world.h"

namespace mqrpc::simulation {

// Starts calls of all kinds on random clients, one by one or in bursts, until there are enough.
class Workload {
 public:
  using Clients = std::vector<std::unique_ptr<SimClient>>;

  // It must live until it is done.
  Workload(World& world, Clients& clients, size_t calls);

  bool is_done() const { return left_ == 0; }

  static RetryPolicy DrawRetry(Random& random);

  // What nothing goes wrong with any more.
  static SimClient::Plan Probe(Idempotency idempotency);

 private:
  void Go();
  SimClient::Plan DrawPlan();
  Handling DrawHandling();
  CallOptions DrawOptions();

  World& world_;
  Clients& clients_;
  size_t left_;
  const absl::Duration pause_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_WORKLOAD_H_

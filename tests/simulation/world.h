#ifndef MQRPC_TESTS_SIMULATION_WORLD_H_
#define MQRPC_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <deque>

#include "faults.h"
#include "history.h"
#include "ledger.h"
#include "mqrpc/testing/manual_loop.h"
#include "random.h"
#include "sim_loop.h"

namespace mqrpc::simulation {

// What everything in a simulation shares, and what outlives it.
struct World {
  World(uint64_t seed, bool keeps_history)
      : history(loop, keeps_history), random(seed), faults(Faults::Draw(random)) {}

  absl::Time Now() const { return loop.Now(); }
  absl::Time Soon(absl::Duration at_most) {
    return loop.Now() + random.Between(absl::ZeroDuration(), at_most);
  }
  SimLoop& MakeLoop() { return loops.emplace_back(loop); }

  // First, and so the last to go: what the loops still hold then uses them.
  History history;
  std::deque<SimLoop> loops;  // one for each start of a process; they stay
  testing::ManualLoop loop;   // of the network and the broker

  Random random;
  Faults faults;
  Ledger ledger;
  uint64_t server_starts = 0;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_WORLD_H_

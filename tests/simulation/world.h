#ifndef MQRPC_TESTS_SIMULATION_WORLD_H_
#define MQRPC_TESTS_SIMULATION_WORLD_H_

#include <cstdint>

#include "faults.h"
#include "history.h"
#include "ledger.h"
#include "mqrpc/testing/manual_loop.h"
#include "random.h"

namespace mqrpc::simulation {

// What everything in a simulation shares, and what outlives it.
struct World {
  World(uint64_t seed, bool keeps_history)
      : random(seed), faults(Faults::Draw(random)), history(loop, keeps_history) {}

  absl::Time Now() const { return loop.Now(); }
  absl::Time Soon(absl::Duration at_most) {
    return loop.Now() + random.Between(absl::ZeroDuration(), at_most);
  }

  testing::ManualLoop loop;  // first, and so the last to go: others look at its clock
  Random random;
  Faults faults;
  History history;
  Ledger ledger;
  uint64_t server_starts = 0;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_WORLD_H_

#ifndef MQRPC_TESTS_SIMULATION_INVARIANTS_H_
#define MQRPC_TESTS_SIMULATION_INVARIANTS_H_

#include <string>
#include <vector>

#include "ledger.h"

namespace mqrpc::simulation {

// What the runtime is expected to keep of what its headers promise.
struct Expectations {
  bool reply_cache = true;     // a request that comes twice runs once
  bool wait_for_ready = true;  // a call that waits for a server is never told that there is none
  bool retries = true;         // nor an idempotent one that its outcome is unknown
};

// What is wrong with what became of the calls, after all of them have ended; nothing, if empty.
std::vector<std::string> CheckInvariants(const Ledger& ledger, const Expectations& expected);

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_INVARIANTS_H_

#ifndef MQRPC_TESTS_SIMULATION_INVARIANTS_H_
#define MQRPC_TESTS_SIMULATION_INVARIANTS_H_

#include <string>
#include <vector>

#include "faults.h"
#include "ledger.h"

namespace mqrpc::simulation {

// What is wrong with what became of the calls, after all of them have ended; nothing, if empty.
std::vector<std::string> CheckInvariants(const Ledger& ledger, const Faults& faults);

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_INVARIANTS_H_

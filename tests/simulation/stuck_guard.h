#ifndef MQRPC_TESTS_SIMULATION_STUCK_GUARD_H_
#define MQRPC_TESTS_SIMULATION_STUCK_GUARD_H_

#include <string>

namespace mqrpc::simulation {

// While it exists, which is to be for seconds: if something repeats itself for ever at a virtual
// time that stands still, prints `last_words` and ends the program with 1. One at a time.
class StuckGuard {
 public:
  explicit StuckGuard(std::string last_words);
  ~StuckGuard();

  StuckGuard(const StuckGuard&) = delete;
  StuckGuard& operator=(const StuckGuard&) = delete;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_STUCK_GUARD_H_

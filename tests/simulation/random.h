#ifndef MQRPC_TESTS_SIMULATION_RANDOM_H_
#define MQRPC_TESTS_SIMULATION_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace mqrpc::simulation {

// The only source of chance in a simulation. The standard's engine, but not its distributions,
// which differ between libraries: a seed means the same everywhere.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Next() { return engine_(); }
  uint64_t Below(uint64_t end) { return engine_() % end; }
  bool Chance(double probability) { return Fraction() < probability; }

  absl::Duration Between(absl::Duration low, absl::Duration high) {
    return absl::Trunc(low + (high - low) * Fraction(), absl::Microseconds(1));
  }

  // As many of every magnitude.
  absl::Duration OfAnySize(absl::Duration low, absl::Duration high) {
    double span = absl::FDivDuration(high, low);
    return absl::Trunc(low * std::pow(span, Fraction()), absl::Microseconds(1));
  }

 private:
  double Fraction() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }

  std::mt19937_64 engine_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_RANDOM_H_

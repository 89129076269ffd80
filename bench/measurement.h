#ifndef MQRPC_BENCH_MEASUREMENT_H_
#define MQRPC_BENCH_MEASUREMENT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace mqrpc::bench {

// What one round of one contestant in one cell came to.
struct Measurement {
  uint64_t calls = 0;
  double calls_per_second = 0;
  double p50_micros = 0;
  double p90_micros = 0;
  double p99_micros = 0;
  double p999_micros = 0;
  double max_micros = 0;

  // Processor time per call.
  double client_cpu_micros = 0;
  double broker_cpu_micros = 0;
  double server_cpu_micros = 0;

  // Memory per call that is held.
  double client_bytes = 0;
  double broker_bytes = 0;
  double server_bytes = 0;

  // In the whole round, warm-up included.
  uint64_t errors = 0;
  std::string first_error = {};
};

// A number that was measured in each round.
struct Summary {
  double median = 0;
  double greatest = 0;
  double spread = 0;  // from the least to the greatest, as a part of the median
};

Summary Summarize(std::vector<double> values);

// One member of each measurement, such as &Measurement::p50_micros.
std::vector<double> Column(const std::vector<Measurement>& rounds, double Measurement::*member);

// Round by round, since what disturbs the machine disturbs neighbours in time alike. Empty unless
// both have the same number of rounds.
std::vector<double> Ratios(
    const std::vector<double>& numerators,
    const std::vector<double>& denominators);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_MEASUREMENT_H_

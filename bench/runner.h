#ifndef MQRPC_BENCH_RUNNER_H_
#define MQRPC_BENCH_RUNNER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "cell.h"
#include "measurement.h"
#include "mqrpc/testing/local_broker.h"
#include "options.h"

namespace mqrpc::bench {

// The rounds of one cell; a contestant that does not take part has none.
struct CellResult {
  Cell cell = {};
  std::vector<Measurement> floor = {};
  std::vector<Measurement> mqrpc = {};
};

// Measures cells at one private broker. Each measurement has a server process of its own,
// connections of its own, and this process as its client.
class Runner {
 public:
  // `options` must outlive the runner.
  static absl::StatusOr<std::unique_ptr<Runner>> Start(const Options& options);

  // The rounds of one cell, its contestants taking turns. Errors: a measurement did not come about;
  // calls that fail are counted in the measurements instead.
  absl::StatusOr<CellResult> Run(const Cell& cell);

 private:
  Runner(const Options& options, std::unique_ptr<testing::LocalBroker> broker)
      : options_(options), broker_(std::move(broker)) {}

  absl::StatusOr<Measurement> Measure(Contestant contestant, const Cell& cell);

  const Options& options_;
  const std::unique_ptr<testing::LocalBroker> broker_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_RUNNER_H_

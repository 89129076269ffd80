#ifndef MQRPC_BENCH_RUNNER_H_
#define MQRPC_BENCH_RUNNER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cell.h"
#include "measurement.h"
#include "mqrpc/testing/local_broker.h"
#include "options.h"
#ifdef MQRPC_BENCH_PEERS
#include "nats_broker.h"
#endif

namespace mqrpc::bench {

// The rounds of one cell, of those contestants who can take part in it, as Options names them.
struct CellResult {
  struct Rounds {
    const Contestant* contestant;
    std::vector<Measurement> rounds = {};
  };

  Cell cell = {};
  std::vector<Rounds> rounds = {};
};

// Measures cells, with private brokers. Each measurement has a server process of its own,
// connections of its own, and this process as its client, with a thread for each connection.
class Runner {
 public:
  // `options` must outlive the runner.
  static absl::StatusOr<std::unique_ptr<Runner>> Start(const Options& options);

  // The rounds of one cell, its contestants taking turns. Errors: a measurement did not come about;
  // calls that fail are counted in the measurements instead.
  absl::StatusOr<CellResult> Run(const Cell& cell);

 private:
  // Where servers find what stands in the middle, and its process.
  struct MiddleAddress {
    std::string address = {};
    pid_t pid = 0;  // 0: none
  };

  explicit Runner(const Options& options) : options_(options) {}

  MiddleAddress Find(Middle middle, SocketKind socket) const;
  absl::StatusOr<Measurement> Measure(const Contestant& contestant, const Cell& cell);

  const Options& options_;
  std::unique_ptr<testing::LocalBroker> mosquitto_;
#ifdef MQRPC_BENCH_PEERS
  std::unique_ptr<NatsBroker> nats_;
#endif
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_RUNNER_H_

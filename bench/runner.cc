#include "runner.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "cpu_clock.h"
#include "floor_client.h"
#include "mqrpc_client.h"
#include "recorder.h"
#include "server_process.h"

namespace mqrpc::bench {
namespace {

absl::StatusOr<Recorder::Processes> ClocksOf(pid_t broker, pid_t server) {
  absl::StatusOr<CpuClock> client_clock = CpuClock::Of(getpid());
  if (!client_clock.ok()) return client_clock.status();
  absl::StatusOr<CpuClock> broker_clock = CpuClock::Of(broker);
  if (!broker_clock.ok()) return broker_clock.status();
  absl::StatusOr<CpuClock> server_clock = CpuClock::Of(server);
  if (!server_clock.ok()) return server_clock.status();
  return Recorder::Processes{
      .client = *client_clock,
      .broker = *broker_clock,
      .server = *server_clock};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> Runner::Start(const Options& options) {
  auto broker = testing::LocalBroker::Start({.extra_config = options.broker_config});
  if (!broker.ok()) return broker.status();
  return std::unique_ptr<Runner>(new Runner(options, *std::move(broker)));
}

absl::StatusOr<CellResult> Runner::Run(const Cell& cell) {
  CellResult result = {.cell = cell};
  std::vector<Contestant> order = options_.contestants;
  for (size_t round = 0; round < options_.rounds; ++round) {
    for (Contestant contestant : order) {
      absl::StatusOr<Measurement> measurement = Measure(contestant, cell);
      if (!measurement.ok()) return measurement.status();
      auto& rounds = contestant == Contestant::kFloor ? result.floor : result.mqrpc;
      rounds.push_back(*std::move(measurement));
    }
    // So that neither always has the other's wake.
    std::reverse(order.begin(), order.end());
  }
  return result;
}

absl::StatusOr<Measurement> Runner::Measure(Contestant contestant, const Cell& cell) {
  const std::string& address =
      cell.socket == SocketKind::kTcp ? broker_->address() : broker_->unix_address();
  absl::StatusOr<std::unique_ptr<ServerProcess>> server = ServerProcess::Start(ServingArguments(
      contestant,
      {.broker = address,
       .qos = cell.qos,
       .workers = options_.workers,
       .floor_window = options_.floor_window}));
  if (!server.ok()) return server.status();
  absl::StatusOr<Recorder::Processes> clocks = ClocksOf(broker_->pid(), (*server)->pid());
  if (!clocks.ok()) return clocks.status();
  Recorder recorder(*clocks, options_.warm_up, options_.duration);
  Load load = {
      .broker = address,
      .cell = cell,
      .floor_window = options_.floor_window,
      .batch_calls = options_.batch_calls};
  absl::Status status = contestant == Contestant::kFloor ? RunFloorClient(load, recorder)
                                                         : RunMqrpcClient(load, recorder);
  if (!status.ok()) return status;
  return recorder.Result();
}

}  // namespace mqrpc::bench

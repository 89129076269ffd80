#include "runner.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "process.h"
#include "recorder.h"
#include "server_process.h"

namespace mqrpc::bench {
namespace {

// `broker` is 0 if there is none.
absl::StatusOr<Recorder::Processes> ProcessesOf(pid_t broker, pid_t server) {
  absl::StatusOr<Process> client_process = Process::Of(getpid());
  if (!client_process.ok()) return client_process.status();
  absl::StatusOr<Process> server_process = Process::Of(server);
  if (!server_process.ok()) return server_process.status();
  Recorder::Processes processes = {
      .client = *client_process,
      .broker = {},
      .server = *server_process};
  if (broker == 0) return processes;
  absl::StatusOr<Process> broker_process = Process::Of(broker);
  if (!broker_process.ok()) return broker_process.status();
  processes.broker = *broker_process;
  return processes;
}

bool NeedsIt(const Options& options, Middle middle) {
  return std::any_of(
      options.contestants.begin(),
      options.contestants.end(),
      [middle](const Contestant* contestant) { return contestant->middle == middle; });
}

// The calls of all connections, which are opened one after the other, and then call all at once.
// The first error, if any.
absl::Status CallFromAll(const Contestant& contestant, const Load& load, Recorder& recorder) {
  std::mutex mutex;
  absl::Status all;
  std::vector<std::thread> clients;
  for (size_t i = 0; i < load.cell.connections && recorder.wants_more(); ++i) {
    clients.emplace_back([&contestant, &load, &recorder, &mutex, &all] {
      absl::Status status = contestant.call(load, recorder);
      if (status.ok()) return;
      recorder.GiveUp();
      std::lock_guard<std::mutex> lock(mutex);
      all.Update(status);
    });
    recorder.AwaitClients(i + 1);
  }
  for (std::thread& client : clients) client.join();
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Runner>> Runner::Start(const Options& options) {
  std::unique_ptr<Runner> runner(new Runner(options));
  if (NeedsIt(options, Middle::kMosquitto)) {
    auto broker = testing::LocalBroker::Start({.extra_config = options.broker_config});
    if (!broker.ok()) return broker.status();
    runner->mosquitto_ = *std::move(broker);
  }
#ifdef MQRPC_BENCH_PEERS
  if (NeedsIt(options, Middle::kNats)) {
    auto broker = NatsBroker::Start();
    if (!broker.ok()) return broker.status();
    runner->nats_ = *std::move(broker);
  }
#endif
  return runner;
}

absl::StatusOr<CellResult> Runner::Run(const Cell& cell) {
  CellResult result = {.cell = cell};
  for (const Contestant* contestant : options_.contestants) {
    if (contestant->CanRun(cell)) result.rounds.push_back({.contestant = contestant});
  }
  if (result.rounds.empty()) return absl::InvalidArgumentError("none of --run can do that");
  std::vector<CellResult::Rounds*> order;
  for (CellResult::Rounds& rounds : result.rounds) order.push_back(&rounds);
  for (size_t round = 0; round < options_.rounds; ++round) {
    for (CellResult::Rounds* rounds : order) {
      absl::StatusOr<Measurement> measurement = Measure(*rounds->contestant, cell);
      if (!measurement.ok()) return measurement.status();
      rounds->rounds.push_back(*std::move(measurement));
    }
    // So that none always has the same one's wake.
    std::reverse(order.begin(), order.end());
  }
  return result;
}

Runner::MiddleAddress Runner::Find(Middle middle, SocketKind socket) const {
  bool is_tcp = socket == SocketKind::kTcp;
  switch (middle) {
    case Middle::kMosquitto:
      return {is_tcp ? mosquitto_->address() : mosquitto_->unix_address(), mosquitto_->pid()};
#ifdef MQRPC_BENCH_PEERS
    case Middle::kNats:
      return {nats_->address(), nats_->pid()};
#endif
    default:
      return {};
  }
}

absl::StatusOr<Measurement> Runner::Measure(const Contestant& contestant, const Cell& cell) {
  MiddleAddress middle = Find(contestant.middle, cell.socket);
  absl::StatusOr<std::unique_ptr<ServerProcess>> server = ServerProcess::Start(ServingArguments(
      contestant,
      {.address = middle.address,
       .cell = cell,
       .workers = options_.workers,
       .floor_window = options_.floor_window}));
  if (!server.ok()) return server.status();
  absl::StatusOr<Recorder::Processes> processes = ProcessesOf(middle.pid, (*server)->pid());
  if (!processes.ok()) return processes.status();
  Recorder recorder(
      *processes,
      cell.payload_size,
      options_.warm_up,
      options_.duration,
      cell.connections);
  Load load = {
      .address = (*server)->address(),
      .cell = cell,
      .floor_window = options_.floor_window,
      .batch_calls = options_.batch_calls};
  if (absl::Status s = CallFromAll(contestant, load, recorder); !s.ok()) return s;
  return recorder.Result();
}

}  // namespace mqrpc::bench

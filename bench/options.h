#ifndef MQRPC_BENCH_OPTIONS_H_
#define MQRPC_BENCH_OPTIONS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cell.h"
#include "contestant.h"
#include "load.h"

namespace mqrpc::bench {

// Of the report: for people, or for programs.
enum class Format { kText, kJson, kTsv };

// What the command line asks for.
struct Options {
  // The first is the one that the others are compared with.
  std::vector<const Contestant*> contestants = {FindContestant("floor"), FindContestant("mqrpc")};
  std::vector<SocketKind> sockets = {SocketKind::kTcp, SocketKind::kUnix};
  std::vector<QoS> qos = {QoS::kAtMostOnce, QoS::kAtLeastOnce};
  std::vector<size_t> connections = {1};
  std::vector<size_t> in_flight = {1, 64, 1024};
  std::vector<size_t> rates = {};  // instead of in_flight
  std::vector<size_t> slow_every = {0};
  bool hold = false;
  std::vector<size_t> payload_sizes = {64, 16384};

  size_t rounds = 5;
  absl::Duration duration = absl::Seconds(1);
  absl::Duration warm_up = absl::Milliseconds(300);

  std::string broker_config = {};
  size_t workers = 4;
  size_t batch_calls = 64;
  int floor_window = 100;

  Format format = Format::kText;
  bool help = false;

  // The other role of this program: the server of this contestant, at this broker.
  const Contestant* serve = nullptr;
  std::string broker = {};

  // The matrix, in the order of the report.
  std::vector<Cell> Cells() const;

 private:
  // Of those like `cell`, each number of calls in flight or each rate.
  void AddCells(Cell cell, std::vector<Cell>& cells) const;
};

// INVALID_ARGUMENT says which argument is wrong and what it should be.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string_view>& arguments);

// The arguments that have this program serve; the inverse of ParseOptions.
std::vector<std::string> ServingArguments(const Contestant& contestant, const Serving& serving);

std::string Usage();

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_OPTIONS_H_

#include "cell.h"

#include "absl/strings/str_cat.h"

namespace mqrpc::bench {

std::string ToString(SocketKind socket) { return socket == SocketKind::kTcp ? "tcp" : "unix"; }

namespace {

std::string CallsOf(const Cell& cell) {
  if (cell.hold) return absl::StrCat(cell.in_flight, " held");
  if (cell.rate == 0) return absl::StrCat(cell.in_flight, " in flight");
  std::string rate = absl::StrCat(cell.rate, " a second");
  if (cell.slow_every == 0) return rate;
  return absl::StrCat(rate, ", every ", cell.slow_every, "th slow");
}

}  // namespace

std::string ToString(const Cell& cell) {
  std::string connections;
  if (cell.connections > 1) connections = absl::StrCat(cell.connections, " connections with ");
  return absl::StrCat(
      ToString(cell.socket),
      ", QoS ",
      static_cast<int>(cell.qos),
      ", ",
      connections,
      CallsOf(cell),
      ", ",
      cell.payload_size,
      " bytes");
}

}  // namespace mqrpc::bench

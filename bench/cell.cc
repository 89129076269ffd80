#include "cell.h"

#include "absl/strings/str_cat.h"

namespace mqrpc::bench {

std::string ToString(SocketKind socket) { return socket == SocketKind::kTcp ? "tcp" : "unix"; }

std::string ToString(const Cell& cell) {
  std::string connections;
  if (cell.connections > 1) connections = absl::StrCat(cell.connections, " connections with ");
  return absl::StrCat(
      ToString(cell.socket),
      ", QoS ",
      static_cast<int>(cell.qos),
      ", ",
      connections,
      cell.in_flight,
      " in flight, ",
      cell.payload_size,
      " bytes");
}

}  // namespace mqrpc::bench

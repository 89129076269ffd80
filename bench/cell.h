#ifndef MQRPC_BENCH_CELL_H_
#define MQRPC_BENCH_CELL_H_

#include <cstddef>
#include <string>

#include "mqrpc/message.h"

namespace mqrpc::bench {

enum class SocketKind { kTcp, kUnix };

// One square of the matrix that is measured.
struct Cell {
  QoS qos = QoS::kAtLeastOnce;
  size_t connections = 1;    // of clients, each with its own
  size_t in_flight = 1;      // calls outstanding at any time, on each connection
  size_t rate = 0;           // instead: calls that start each second, by the clock
  size_t slow_every = 0;     // one of so many of those is slow; 0: none
  bool hold = false;         // those in flight are never answered
  size_t payload_size = 64;  // of the request and of the reply
  SocketKind socket = SocketKind::kTcp;
};

std::string ToString(SocketKind socket);

// `tcp, QoS 1, 64 in flight, 16384 bytes`; or for those in flight `10000 a second, every 100th
// slow` or `100000 held`.
std::string ToString(const Cell& cell);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_CELL_H_

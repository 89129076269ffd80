#ifndef MQRPC_BENCH_LOAD_H_
#define MQRPC_BENCH_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "cell.h"

namespace mqrpc::bench {

// A client's part in one round: the calls that it keeps going over a connection.
struct Load {
  std::string address = {};  // the broker's, or without one the server's
  Cell cell = {};
  int floor_window = 100;   // QoS 1 messages that the floor hands to libmosquitto at once
  size_t batch_calls = 64;  // mqrpc's, in one message at most
};

// A server's part.
struct Serving {
  std::string address = {};  // the broker's
  Cell cell = {};
  size_t workers = 4;      // mqrpc's; 0: handlers run on the connection's thread
  int floor_window = 100;  // QoS 1 messages that the floor hands to libmosquitto at once
};

// Called by a server when calls can come, with the address at which clients find it.
using OnReady = absl::AnyInvocable<void(const std::string& address)>;

// After this time a call has failed, whoever makes it.
inline constexpr absl::Duration kCallTimeout = absl::Seconds(10);

// For so long a slow call keeps its handler.
inline constexpr uint32_t kSlowMillis = 5;

// So long calls are held that nobody is to answer: longer than any measurement.
inline constexpr uint32_t kHoldMillis = 3'600'000;

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_LOAD_H_

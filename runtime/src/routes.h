#ifndef MQRPC_ROUTES_H_
#define MQRPC_ROUTES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "counters.h"
#include "mqrpc/message.h"
#include "request_window.h"
#include "wire.h"

namespace mqrpc::internal {

// A service that a channel calls.
struct CalledService {
  RequestWindow window;
  size_t most_in_batch = 1;                     // calls in one message, as its servers take
  size_t most_bytes = wire::kMaxBatchBytes;     // of their payloads, as the broker takes
  absl::Time asks_from = absl::InfinitePast();  // whether they take several, from then on
};

// What became of the calls that left in one message.
struct BatchFate {
  size_t under_way = 0;
  bool has_reply = false;
  bool has_expired = false;  // one of them
};

// Where the requests of one method go at one QoS, and the calls whose requests wait to leave there,
// by number: those that were started first come first.
struct Route {
  const std::string service_name;
  const std::string method;
  CalledService& service;
  const std::string topic;
  const std::string batch_topic;
  const std::string cancel_topic;
  const QoS qos;
  absl::btree_set<uint64_t> queued = {};
  bool is_announced = false;  // the transport will ask for a message of it

  bool IsOf(std::string_view called_service, std::string_view called_method, QoS at) const {
    return method == called_method && service_name == called_service && qos == at;
  }
};

// The routes of a channel, as many as there are methods that it has called. All in turns of a loop,
// but for calls_waiting().
class Routes {
 public:
  Routes(std::string prefix, size_t max_unanswered)
      : prefix_(std::move(prefix)), max_unanswered_(max_unanswered) {}

  // Stays where it is.
  Route& Find(std::string_view service, std::string_view method, QoS qos);

  // All its services' servers may have changed.
  void ForgetBatches();

  // For a place in the window of their service. Any thread.
  size_t calls_waiting() const { return calls_waiting_.value(); }

 private:
  Route& Search(std::string_view service, std::string_view method, QoS qos);

  const std::string prefix_;
  const size_t max_unanswered_;
  Route* last_ = nullptr;  // the one found last, which is likely to be looked for next
  Counter calls_waiting_;
  absl::flat_hash_map<std::string, std::unique_ptr<CalledService>> services_;
  // By service, method and QoS, in strings of the route itself.
  absl::flat_hash_map<std::tuple<absl::string_view, absl::string_view, QoS>, std::unique_ptr<Route>>
      routes_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_ROUTES_H_

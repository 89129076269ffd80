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

// What a route is of. `instance` is empty for whichever server is free; `own_topic` unless the
// method has its own.
struct RouteKey {
  std::string_view service = {};
  std::string_view method = {};
  std::string_view instance = {};
  std::string_view own_topic = {};
  QoS qos = QoS::kAtLeastOnce;
};

// Where the requests of one method go at one QoS, and the calls whose requests wait to leave there,
// by number: those that were started first come first.
struct Route {
  const std::string service_name;
  const std::string method;
  const std::string instance;
  const std::string own_topic;
  const std::shared_ptr<CalledService> service;  // shared with other routes to it
  const std::string topic;
  const std::string batch_topic;
  const std::string cancel_topic;
  const QoS qos;
  absl::btree_set<uint64_t> queued = {};
  bool is_announced = false;  // the transport will ask for a message of it

  bool IsOf(const RouteKey& key) const {
    return method == key.method && service_name == key.service && instance == key.instance &&
           own_topic == key.own_topic && qos == key.qos;
  }
};

// The routes of a channel. Those that no call uses are forgotten when there are many, as there may
// be of devices. All in turns of a loop, but for calls_waiting().
class Routes {
 public:
  Routes(std::string prefix, size_t max_unanswered)
      : prefix_(std::move(prefix)), max_unanswered_(max_unanswered) {}

  std::shared_ptr<Route> Find(const RouteKey& key);

  // All its services' servers may have changed.
  void ForgetBatches();

  // For a place in the window of their service. Any thread.
  size_t calls_waiting() const { return calls_waiting_.value(); }

  size_t size() const { return routes_.size(); }

 private:
  // Service, method, instance, own topic and QoS, in strings of the route itself.
  using Key =
      std::tuple<absl::string_view, absl::string_view, absl::string_view, absl::string_view, QoS>;

  std::shared_ptr<Route> Search(const RouteKey& key);
  std::string TopicOf(const RouteKey& key) const;
  std::shared_ptr<CalledService> ServiceOf(const RouteKey& key);
  void ForgetIdle();

  const std::string prefix_;
  const size_t max_unanswered_;
  std::shared_ptr<Route> last_;  // the one found last, which is likely to be looked for next
  Counter calls_waiting_;
  size_t many_ = 1'000;  // routes: then it is worth looking for idle ones
  // By name, and the instance or the topic where one is called.
  absl::flat_hash_map<std::string, std::shared_ptr<CalledService>> services_;
  absl::flat_hash_map<Key, std::shared_ptr<Route>> routes_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_ROUTES_H_

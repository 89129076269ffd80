#ifndef MQRPC_REQUEST_WINDOW_H_
#define MQRPC_REQUEST_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "counters.h"

namespace mqrpc::internal {

// How many requests to one service may be without an answer; further ones wait here, in order. A
// broker queues only so many messages for a server that is slower than its callers, and drops the
// rest after having acknowledged them: what waits here instead is not lost. A service has a window
// of its own, so that one that stalls does not hold up the others. All in turns of one loop, but
// for waiting().
class RequestWindow {
 public:
  explicit RequestWindow(size_t most) : most_(most) {}

  // Whether the call may be sent now. If not, it waits until Leave names it.
  bool Enter(std::string_view service, uint64_t call);

  // The call has ended, sent or waiting, having entered. If another may be sent now: that one.
  std::optional<uint64_t> Leave(std::string_view service, uint64_t call);

  // Calls that wait, over all services. Any thread.
  size_t waiting() const { return waiting_.value(); }

 private:
  struct Service {
    size_t unanswered = 0;
    absl::btree_set<uint64_t> waiting;  // numbered in order of their start
  };

  const size_t most_;
  absl::flat_hash_map<std::string, Service> services_;
  Counter waiting_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REQUEST_WINDOW_H_

#ifndef MQRPC_REQUEST_WINDOW_H_
#define MQRPC_REQUEST_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/container/btree_set.h"
#include "counters.h"

namespace mqrpc::internal {

// How many requests to one service may be without an answer; further ones wait here, in order. A
// broker queues only so many messages for a server that is slower than its callers, and drops the
// rest after having acknowledged them: what waits here instead is not lost. A service has a window
// of its own, so that one that stalls does not hold up the others. All in turns of one loop.
class RequestWindow {
 public:
  // Counts in `waiting`, which may be that of several, those that wait.
  RequestWindow(size_t most, Counter& waiting) : most_(most), waiting_count_(waiting) {}

  // Whether the call may be sent now. If not, it waits until Leave names it.
  bool Enter(uint64_t call);

  // The call has ended, sent or waiting, having entered. If another may be sent now: that one.
  std::optional<uint64_t> Leave(uint64_t call);

  // Requests that were let in and have not ended.
  size_t unanswered() const { return unanswered_; }

 private:
  const size_t most_;
  size_t unanswered_ = 0;
  absl::btree_set<uint64_t> waiting_;  // numbered in order of their start
  Counter& waiting_count_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REQUEST_WINDOW_H_

#ifndef MQRPC_STOP_TIMERS_H_
#define MQRPC_STOP_TIMERS_H_

#include <stop_token>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "mqrpc/event_loop.h"

namespace mqrpc::internal {

class ServedCall;

// Tells handlers that have asked to be told when the deadlines of their calls pass. In turns of the
// loop, which outlives it.
class StopTimers {
 public:
  explicit StopTimers(EventLoop& loop) : loop_(loop) {}

  // The call is a name only.
  void Add(absl::Time deadline, const ServedCall* call, std::stop_source stop);
  void Remove(absl::Time deadline, const ServedCall* call) { stops_.erase({deadline, call}); }

  // The loop is not used any more.
  void Close();

 private:
  void Arm();
  void OnTimer();

  EventLoop& loop_;
  absl::btree_map<std::pair<absl::Time, const ServedCall*>, std::stop_source> stops_;
  EventLoop::TimerId timer_ = 0;
  absl::Time timer_at_ = absl::InfiniteFuture();
  bool is_closed_ = false;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_STOP_TIMERS_H_

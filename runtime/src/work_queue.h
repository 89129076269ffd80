#ifndef MQRPC_WORK_QUEUE_H_
#define MQRPC_WORK_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "counters.h"
#include "mqrpc/server.h"
#include "mqrpc/service.h"
#include "served_call.h"
#include "thread_pool.h"

namespace mqrpc::internal {

// Brings calls to their handlers: on a worker when one is free, or at once. Bounded; a call for
// which there is no room is refused. In turns of the loop, but for Stop and the counts. A part of
// the ServerCore, which each call holds alive.
class WorkQueue {
 public:
  // All outlive it.
  WorkQueue(EventLoop& loop, const ServerOptions& options, ServerCounters& counters);

  void Dispatch(std::unique_ptr<ServedCall> call, const ServedMethod& method);

  // Answers one that is not to run.
  void Refuse(ServedCall& call, absl::Status status);

  // Those whose turn comes at `when` or later are refused. Any thread.
  void RefuseFrom(absl::Time when) { refuses_from_ = absl::ToUnixNanos(when); }

  // What is dispatched later is refused in the same turn: no worker is left to run it.
  void HandOverLast();

  // After HandOverLast: returns when every call has had its turn. Not in a turn of the loop.
  void Stop() {
    workers_.Stop();
    stream_workers_.Stop();
  }

  // Where what waits in streams goes on.
  Executor& stream_workers() { return stream_workers_; }

  // Calls that wait for a worker. Any thread.
  size_t queued() const { return workers_.queued(); }

  // None has been dispatched in this round.
  bool empty() const { return arrived_.empty(); }

 private:
  absl::Status CheckRunning() const;
  absl::Status CheckRoom(size_t bytes) const;
  void HandOver();
  void Run(std::unique_ptr<ServedCall> call);

  EventLoop& loop_;
  const ServerOptions& options_;
  ServerCounters& counters_;
  ThreadPool workers_;
  ThreadPool stream_workers_;  // as many as there may be streams

  // Of the loop: those of this round that a worker shall have.
  std::vector<absl::AnyInvocable<void()>> arrived_;
  bool has_handed_over_last_ = false;
  std::atomic<size_t> queued_bytes_ = 0;  // of requests that wait for a worker

  // Of the loop's clock, in ns.
  std::atomic<int64_t> refuses_from_ = std::numeric_limits<int64_t>::max();
};

}  // namespace mqrpc::internal

#endif  // MQRPC_WORK_QUEUE_H_

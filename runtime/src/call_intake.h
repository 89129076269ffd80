#ifndef MQRPC_CALL_INTAKE_H_
#define MQRPC_CALL_INTAKE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "call_state.h"
#include "call_stream.h"
#include "counters.h"
#include "mqrpc/channel.h"
#include "mutex.h"
#include "pending_calls.h"
#include "query_state.h"

namespace mqrpc::internal {

// A call as it comes from its caller, who keeps what it refers to until it has been taken.
struct NewCall {
  const Method& method;
  const CallOptions& options;
  absl::StatusOr<std::string> request;
  Encoding encoding = Encoding::kProtobuf;  // of the request, and of the reply
  SharedText topic = {};                    // of the method alone; empty: as for all
  Until until = Until::kReply;
  std::shared_ptr<QueryState> query = nullptr;   // where the answers go, if there may be many
  std::shared_ptr<CallStream> stream = nullptr;  // likewise the replies, if they are a stream
};

// Where calls enter a channel, on their callers' threads: what is wrong, or one too many, is
// refused here; the rest waits for the loop to take it. Thread-safe.
class CallIntake {
 public:
  // `core`, `options` and `counters` outlive it.
  CallIntake(
      ChannelCore& core,
      const ChannelOptions& options,
      ChannelCounters& counters,
      std::shared_ptr<Executor> executor);

  // A call that has arrived, or was refused; of those that wait, the first sees to it that the loop
  // takes them.
  struct Arrival {
    std::shared_ptr<CallState> state;
    bool is_first = false;
  };
  Arrival Add(NewCall call, absl::Time now);
  Arrival Refuse(const NewCall& call, absl::Status status);

  // All that have arrived since this was last asked.
  std::vector<std::unique_ptr<PendingCall>> TakeAll();

  // The call has completed: its request counts no more.
  void NoteEnd(const PendingCall& call);

  // Those whose result has not been taken.
  size_t outstanding() const { return outstanding_->count(); }
  size_t request_bytes() const { return request_bytes_; }

 private:
  Arrival AddIntercepted(NewCall call, absl::Time now);
  Arrival Enter(NewCall call, absl::Time now, EndHooks hooks);
  Arrival Complete(const NewCall& call, CallState::Result result, EndHooks& hooks);
  absl::StatusOr<std::unique_ptr<PendingCall>> Plan(NewCall& call, absl::Time now);
  absl::Status TakePlace(size_t request_bytes);

  ChannelCore& core_;
  const ChannelOptions& options_;
  ChannelCounters& counters_;
  const std::shared_ptr<Executor> executor_;
  const std::shared_ptr<OutstandingCalls> outstanding_;
  std::atomic<CallId> next_id_ = 1;
  std::atomic<size_t> request_bytes_ = 0;  // of calls that have not completed
  Mutex mutex_;
  std::vector<std::unique_ptr<PendingCall>> arrived_ MQRPC_GUARDED_BY(mutex_);
};

// RESOURCE_EXHAUSTED if a request or a reply is too large for a channel.
absl::Status CheckMessageSize(
    const ChannelOptions& options,
    const PendingCall& call,
    const char* what,
    size_t size);

}  // namespace mqrpc::internal

#endif  // MQRPC_CALL_INTAKE_H_

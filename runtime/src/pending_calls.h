#ifndef MQRPC_PENDING_CALLS_H_
#define MQRPC_PENDING_CALLS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "call_state.h"
#include "mqrpc/channel.h"
#include "mqrpc/transport.h"

namespace mqrpc::internal {

using CallId = uint64_t;

// A call from its start to its end, on the loop's side.
struct PendingCall {
  // How far its request has come, which is what a failure can truthfully say.
  enum class Stage { kQueued, kSent, kAccepted };

  CallId id = 0;
  std::shared_ptr<CallState> state = nullptr;
  Method method = {};
  std::string payload = {};  // until the request is sent
  QoS qos = QoS::kAtLeastOnce;
  absl::Duration timeout = {};
  absl::Time deadline = {};
  Stage stage = Stage::kQueued;
  Transport::PublishId publish_id = 0;
};

// The calls of a channel that have not completed. Whatever ends a call, a reply, its deadline, a
// cancel, a refusal, destruction, takes it out first: only who got it from Take() may complete it,
// so it completes exactly once. Not thread-safe: all in turns of one loop.
class PendingCalls {
 public:
  // Its id must be new.
  PendingCall& Insert(PendingCall call);

  // Null if it has ended.
  PendingCall* Find(CallId id);

  std::optional<PendingCall> Take(CallId id);

  // All those in one of the stages from `from` on.
  std::vector<PendingCall> TakeFrom(PendingCall::Stage from);

  // The call whose deadline comes first, if that is not after `now`.
  std::optional<CallId> FirstExpired(absl::Time now) const;

  // InfiniteFuture if there are none.
  absl::Time NextDeadline() const;

  bool empty() const { return calls_.empty(); }

 private:
  absl::flat_hash_map<CallId, PendingCall> calls_;
  absl::btree_set<std::pair<absl::Time, CallId>> deadlines_;  // of the same calls
};

}  // namespace mqrpc::internal

#endif  // MQRPC_PENDING_CALLS_H_

#ifndef MQRPC_PENDING_CALLS_H_
#define MQRPC_PENDING_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "call_state.h"
#include "end_hooks.h"
#include "mqrpc/method.h"
#include "mqrpc/serialize.h"
#include "mqrpc/shared_text.h"
#include "mqrpc/transport.h"

namespace mqrpc::internal {

using CallId = uint64_t;

using StopCallback = std::stop_callback<std::function<void()>>;

class QueryState;
class CallStream;
struct ReplyTopic;
struct Route;
struct BatchFate;

// When a call is complete: with its reply, or, as it asks for none, when the broker has its
// request.
enum class Until { kReply, kAccepted };

// A call from its start to its end, on the loop's side.
struct PendingCall {
  // How far its present attempt has come, which is what a failure can truthfully say.
  enum class Stage { kBackingOff, kQueued, kSent, kAccepted };

  CallId id = 0;
  std::shared_ptr<CallState> state = nullptr;
  std::string_view service = {};
  std::string_view method = {};
  SharedText instance = {};
  SharedText topic = {};        // of the method alone; empty: as for all
  size_t max_message_size = 0;  // of the method alone; 0: the channel's
  Idempotency idempotency = Idempotency::kUnknown;
  Until until = Until::kReply;
  Encoding encoding = Encoding::kProtobuf;
  std::string payload = {};
  Metadata headers = {};
  std::shared_ptr<ReplyMetadata> reply_metadata = nullptr;  // the caller's, if it wants it
  std::shared_ptr<QueryState> query = nullptr;              // where answers go, if many may come
  std::shared_ptr<CallStream> stream = nullptr;             // where they go if they are a stream
  EndHooks hooks = {};                                      // with them there are reply_metadata
  std::stop_token stop_token = {};                          // cancels it
  std::unique_ptr<StopCallback> stop_callback = nullptr;    // from its admission on, if need be
  size_t request_bytes = 0;
  QoS qos = QoS::kAtLeastOnce;
  bool wait_for_ready = false;
  bool shares_messages = true;
  RetryPolicy retry = {};
  absl::Duration timeout = {};
  absl::Time deadline = {};

  Stage stage = Stage::kQueued;
  std::shared_ptr<BatchFate> batch = nullptr;  // shared by those that left in one message
  std::shared_ptr<Route> route = nullptr;      // from its admission on
  ReplyTopic* reply_topic = nullptr;           // from its first sending on
  bool may_have_run = false;                   // by an earlier attempt
  int attempts = 1;                            // as RetryPolicy counts them
  int waits = 0;                               // before attempts
  uint32_t sending = 0;       // numbers the attempts, so that their acknowledgements are told apart
  absl::Status refusal = {};  // of the last attempt
  absl::Time alarm = {};      // of PendingCalls
};

// The calls of a channel that have not completed. Whatever ends a call, a reply, its deadline, a
// cancel, a refusal, destruction, takes it out first: only who got it from Take() may complete it,
// so it completes exactly once. Not thread-safe: all in turns of one loop.
class PendingCalls {
 public:
  // Its id must be new.
  PendingCall& Insert(std::unique_ptr<PendingCall> call);

  // Null if it has ended.
  PendingCall* Find(CallId id);

  // Null if it has ended.
  std::unique_ptr<PendingCall> Take(CallId id);

  // Of all those in one of the stages from `from` on, in order of their start.
  std::vector<CallId> IdsFrom(PendingCall::Stage from) const;

  // When a call is due again; its deadline until this is called, and never later than that.
  void SetAlarm(PendingCall& call, absl::Time when);

  // The call whose alarm comes first, if that is not after `now`.
  std::optional<CallId> FirstDue(absl::Time now) const;

  // InfiniteFuture if there are none.
  absl::Time NextAlarm() const;

  bool empty() const { return calls_.empty(); }

 private:
  absl::flat_hash_map<CallId, std::unique_ptr<PendingCall>> calls_;
  absl::btree_set<std::pair<absl::Time, CallId>> alarms_;  // of the same calls
};

}  // namespace mqrpc::internal

#endif  // MQRPC_PENDING_CALLS_H_

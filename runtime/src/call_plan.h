#ifndef MQRPC_CALL_PLAN_H_
#define MQRPC_CALL_PLAN_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/channel.h"
#include "pending_calls.h"

namespace mqrpc::internal {

// INVALID_ARGUMENT naming the option that is wrong.
absl::Status CheckChannelOptions(const ChannelOptions& options);

// What a call is to be, as it says itself, or else its method, or else its channel; without its id
// and state. INVALID_ARGUMENT naming the option that is wrong.
absl::StatusOr<std::unique_ptr<PendingCall>> PlanCall(
    const ChannelOptions& channel,
    const Method& method,
    const CallOptions& call,
    absl::Time now);

}  // namespace mqrpc::internal

#endif  // MQRPC_CALL_PLAN_H_

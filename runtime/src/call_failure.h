#ifndef MQRPC_CALL_FAILURE_H_
#define MQRPC_CALL_FAILURE_H_

#include "absl/status/status.h"
#include "pending_calls.h"

namespace mqrpc::internal {

// What the caller of a failed call is told, so that it knows how far the call came.

// Its time is up.
absl::Status Expired(const PendingCall& call);

// Its request has left, and what became of it cannot be learned, for this cause.
absl::Status OutcomeUnknown(const absl::Status& cause, const PendingCall& call);

}  // namespace mqrpc::internal

#endif  // MQRPC_CALL_FAILURE_H_

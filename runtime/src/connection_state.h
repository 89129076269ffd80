#ifndef MQRPC_CONNECTION_STATE_H_
#define MQRPC_CONNECTION_STATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mutex.h"

namespace mqrpc::internal {

// Whether a connection is there, and if not, why; for other threads to wait for. Thread-safe.
class ConnectionState {
 public:
  // OK, or why there is none.
  void Set(const absl::Status& status);

  // In real time. DEADLINE_EXCEEDED says what was last set.
  absl::Status WaitUntilConnected(absl::Duration timeout) const;

 private:
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool is_connected_ MQRPC_GUARDED_BY(mutex_) = false;
  // Text, not a status, which two threads would share.
  std::string why_not_ MQRPC_GUARDED_BY(mutex_) = "the first attempt has not ended yet";
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CONNECTION_STATE_H_

#ifndef MQRPC_SERVER_CONTEXT_H_
#define MQRPC_SERVER_CONTEXT_H_

#include <algorithm>
#include <string_view>

#include "absl/time/time.h"
#include "mqrpc/event_loop.h"

namespace mqrpc {

// What a handler can know about the call that it answers, besides the request. Lives as long as the
// call. One thread at a time.
class ServerContext {
 public:
  // Not of users: `clock` and `method` must outlive it.
  ServerContext(
      const EventLoop& clock,
      absl::Time deadline,
      std::string_view method,
      bool wants_reply)
      : clock_(clock), deadline_(deadline), method_(method), wants_reply_(wants_reply) {}

  // How long the caller will still wait; zero when it has given up; InfiniteDuration if it named no
  // limit, which plain MQTT tools may do.
  absl::Duration TimeRemaining() const {
    if (deadline_ == absl::InfiniteFuture()) return absl::InfiniteDuration();
    return std::max(absl::ZeroDuration(), deadline_ - clock_.Now());
  }

  // `acme.Thermostat/SetTarget`; lives as long as the call.
  std::string_view method() const { return method_; }

  // False for fire and forget: the request named no response topic, and the result goes nowhere.
  bool wants_reply() const { return wants_reply_; }

 private:
  const EventLoop& clock_;
  absl::Time deadline_;
  std::string_view method_;
  bool wants_reply_;
};

}  // namespace mqrpc

#endif  // MQRPC_SERVER_CONTEXT_H_

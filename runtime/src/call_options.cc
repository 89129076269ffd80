#include "mqrpc/call_options.h"

#include <algorithm>

namespace mqrpc {

CallOptions CallOptions::From(const ServerContext& context) {
  CallOptions options;
  absl::Duration remaining = context.TimeRemaining();
  // None left is a call that ends at once, not a wrong option.
  if (remaining != absl::InfiniteDuration()) {
    options.timeout = std::max(remaining, absl::Nanoseconds(1));
  }
  options.stop_token = context.call_.CancelToken();
  for (const char* name : {"traceparent", "tracestate"}) {
    for (const std::string& value : context.headers().FindAll(name)) {
      options.headers.Add(name, value);
    }
  }
  return options;
}

}  // namespace mqrpc

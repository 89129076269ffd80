#include "mqrpc/call_options.h"

#include <algorithm>

namespace mqrpc {

CallOptions CallOptions::From(const ServerContext& context) {
  absl::Duration remaining = context.TimeRemaining();
  if (remaining == absl::InfiniteDuration()) return {};
  // None left is a call that ends at once, not a wrong option.
  return {.timeout = std::max(remaining, absl::Nanoseconds(1))};
}

}  // namespace mqrpc

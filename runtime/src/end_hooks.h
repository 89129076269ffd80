#ifndef MQRPC_END_HOOKS_H_
#define MQRPC_END_HOOKS_H_

#include <vector>

#include "mqrpc/interceptor.h"

namespace mqrpc::internal {

// What interceptors want to do at the end of one call, in the order in which they said so.
using EndHooks = std::vector<InterceptedCall::EndHook>;

// The last first.
inline void RunEndHooks(EndHooks& hooks, CallEnd end) {
  for (auto hook = hooks.rbegin(); hook != hooks.rend(); ++hook) (*hook)(end);
}

}  // namespace mqrpc::internal

#endif  // MQRPC_END_HOOKS_H_

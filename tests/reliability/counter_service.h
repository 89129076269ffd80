#ifndef MQRPC_TESTS_RELIABILITY_COUNTER_SERVICE_H_
#define MQRPC_TESTS_RELIABILITY_COUNTER_SERVICE_H_

#include <string>

#include "mqrpc/method.h"
#include "mqrpc/service.h"

namespace mqrpc::tests {

// A service with a method that may run twice, and one that may not.
inline constexpr Method kSet = {
    .service = "acme.Counter",
    .name = "Set",
    .idempotency = Idempotency::kIdempotent};
inline constexpr Method kAdd = {.service = "acme.Counter", .name = "Add"};

inline ServiceDescriptor DescribeCounter(const Handler& handler) {
  ServiceDescriptor counter = {.name = std::string(kSet.service)};
  for (const Method& method : {kSet, kAdd}) {
    counter.methods.push_back({method, handler});
  }
  return counter;
}

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RELIABILITY_COUNTER_SERVICE_H_

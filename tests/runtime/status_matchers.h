#ifndef MQRPC_TESTS_RUNTIME_STATUS_MATCHERS_H_
#define MQRPC_TESTS_RUNTIME_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"

namespace mqrpc::tests {

inline absl::Status StatusOf(const absl::Status& status) { return status; }

template <class T>
absl::Status StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// Of an absl::Status or an absl::StatusOr.
MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << StatusOf(arg);
  return arg.ok();
}

// `message` is a matcher, or the whole text.
MATCHER_P2(
    StatusIs,
    code,
    message,
    "is " + absl::StatusCodeToString(code) + " with a message that " +
        ::testing::DescribeMatcher<std::string>(message)) {
  absl::Status status = StatusOf(arg);
  *result_listener << status << " ";
  return status.code() == code &&
         ::testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_STATUS_MATCHERS_H_

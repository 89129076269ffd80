#ifndef MQRPC_TESTS_RUNTIME_OUTCOME_H_
#define MQRPC_TESTS_RUNTIME_OUTCOME_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "mqrpc/call.h"

namespace mqrpc::tests {

// What became of a call so far.
template <class Reply>
struct Outcome {
  int times = 0;  // that its continuation ran
  absl::StatusOr<Reply> result = absl::UnknownError("the call is still under way");
};

template <class Reply>
std::shared_ptr<const Outcome<Reply>> Watch(Call<Reply> call) {
  auto outcome = std::make_shared<Outcome<Reply>>();
  call.Then([outcome](absl::StatusOr<Reply> result) {
    ++outcome->times;
    outcome->result = std::move(result);
  });
  return outcome;
}

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_OUTCOME_H_

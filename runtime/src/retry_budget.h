#ifndef MQRPC_RETRY_BUDGET_H_
#define MQRPC_RETRY_BUDGET_H_

#include <algorithm>
#include <cstdint>

namespace mqrpc::internal {

// How many calls may be sent again: so many for every hundred that are answered OK, and what was
// saved up. An outage then costs its servers a few requests more, and not many times as many. Not
// thread-safe.
class RetryBudget {
 public:
  RetryBudget(int per_hundred_calls, int max_saved)
      : earned_(per_hundred_calls), most_(int64_t{max_saved} * kRetry), saved_(most_) {}

  void OnSuccess() { saved_ = std::min(saved_ + earned_, most_); }

  // Whether one more may be sent, which is then paid for.
  bool TryRetry() {
    if (saved_ < kRetry) return false;
    saved_ -= kRetry;
    return true;
  }

 private:
  static constexpr int64_t kRetry = 100;

  const int64_t earned_;
  const int64_t most_;
  int64_t saved_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_RETRY_BUDGET_H_

#ifndef MQRPC_CONNECT_PLAN_H_
#define MQRPC_CONNECT_PLAN_H_

#include <cstddef>

#include "absl/time/time.h"

namespace mqrpc::internal {

// Which address of a list is tried next, and when. A round tries each once, one right after the
// other; before each round there is a wait, which doubles with each round that fails. A round
// begins with the address after the one that was tried, or lost, last.
class ConnectPlan {
 public:
  ConnectPlan(size_t addresses, absl::Duration min_backoff, absl::Duration max_backoff);

  // The index of the address of the attempt that is under way, or due next.
  size_t address() const { return address_; }

  // The attempt has failed: how long to wait before the next; zero within a round.
  absl::Duration AfterFailure();

  // A connection that had lasted for `lasted` was lost: likewise.
  absl::Duration AfterLoss(absl::Duration lasted);

  // After a loss: the round begins with this address instead.
  void ReturnTo(size_t address) { address_ = address; }

  // Whether the last failure ended a round.
  bool is_round_over() const { return failed_ == 0; }

  // Losses in a row, each soon after connecting: do two clients of one name evict each other? Not
  // every broker says so; from the second on, attempts are slowed down.
  int quick_losses() const { return quick_losses_; }

 private:
  void MoveOn() { address_ = (address_ + 1) % addresses_; }
  absl::Duration TakeBackoff();

  const size_t addresses_;
  const absl::Duration min_backoff_;
  const absl::Duration max_backoff_;
  size_t address_ = 0;
  size_t failed_ = 0;  // of this round
  absl::Duration backoff_;
  int quick_losses_ = 0;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CONNECT_PLAN_H_

#ifndef MQRPC_EARLY_CANCELS_H_
#define MQRPC_EARLY_CANCELS_H_

#include <cstddef>
#include <deque>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"

namespace mqrpc::internal {

// Calls that were cancelled before they came, as topics are not ordered among themselves; or that
// go to other servers, which all of them hear of. Remembered for some seconds, by the hashes of
// their names, and bounded: what is forgotten runs, which a cancel never promised to prevent. Not
// thread-safe.
class EarlyCancels {
 public:
  void Add(std::string_view response_topic, std::string_view correlation, absl::Time now);

  // Whether it was cancelled; once.
  bool Take(std::string_view response_topic, std::string_view correlation, absl::Time now);

 private:
  void Expire(absl::Time now);

  absl::flat_hash_set<size_t> calls_;
  std::deque<std::pair<absl::Time, size_t>> in_order_;  // those, and some that were taken
};

}  // namespace mqrpc::internal

#endif  // MQRPC_EARLY_CANCELS_H_

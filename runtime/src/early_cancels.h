#ifndef MQRPC_EARLY_CANCELS_H_
#define MQRPC_EARLY_CANCELS_H_

#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "reply_cache.h"

namespace mqrpc::internal {

// Calls that were cancelled before they came, as topics are not ordered among themselves; or that
// go to other servers, which all of them hear of. Remembered for some seconds, and bounded: what is
// forgotten runs, which a cancel never promised to prevent. Not thread-safe.
class EarlyCancels {
 public:
  using Key = std::pair<std::string, ReplyCache::Correlation>;  // the response topic is first

  void Add(Key key, absl::Time now);

  // Whether it was cancelled; once.
  bool Take(const Key& key, absl::Time now);

  bool empty() const { return keys_.empty(); }

 private:
  void Expire(absl::Time now);

  absl::flat_hash_set<Key> keys_;
  std::deque<std::pair<absl::Time, Key>> in_order_;  // those, and some that were taken
};

}  // namespace mqrpc::internal

#endif  // MQRPC_EARLY_CANCELS_H_

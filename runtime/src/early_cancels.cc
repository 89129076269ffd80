#include "early_cancels.h"

#include <cstddef>

namespace mqrpc::internal {
namespace {

constexpr absl::Duration kRemembered = absl::Seconds(10);
constexpr size_t kMostRemembered = 10'000;

}  // namespace

void EarlyCancels::Add(Key key, absl::Time now) {
  Expire(now);
  if (!keys_.insert(key).second) return;
  in_order_.emplace_back(now, std::move(key));
  if (in_order_.size() <= kMostRemembered) return;
  keys_.erase(in_order_.front().second);
  in_order_.pop_front();
}

bool EarlyCancels::Take(const Key& key, absl::Time now) {
  Expire(now);
  return keys_.erase(key) > 0;
}

void EarlyCancels::Expire(absl::Time now) {
  while (!in_order_.empty() && in_order_.front().first + kRemembered <= now) {
    keys_.erase(in_order_.front().second);
    in_order_.pop_front();
  }
}

}  // namespace mqrpc::internal

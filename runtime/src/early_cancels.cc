#include "early_cancels.h"

#include "absl/hash/hash.h"
#include "text.h"

namespace mqrpc::internal {
namespace {

constexpr absl::Duration kRemembered = absl::Seconds(10);
constexpr size_t kMostRemembered = 10'000;

size_t HashOf(std::string_view response_topic, std::string_view correlation) {
  return absl::HashOf(View(response_topic), View(correlation));
}

}  // namespace

void EarlyCancels::Add(
    std::string_view response_topic,
    std::string_view correlation,
    absl::Time now) {
  Expire(now);
  size_t call = HashOf(response_topic, correlation);
  if (!calls_.insert(call).second) return;
  in_order_.emplace_back(now, call);
  if (in_order_.size() <= kMostRemembered) return;
  calls_.erase(in_order_.front().second);
  in_order_.pop_front();
}

bool EarlyCancels::Take(
    std::string_view response_topic,
    std::string_view correlation,
    absl::Time now) {
  if (calls_.empty()) return false;
  Expire(now);
  return calls_.erase(HashOf(response_topic, correlation)) > 0;
}

void EarlyCancels::Expire(absl::Time now) {
  while (!in_order_.empty() && in_order_.front().first + kRemembered <= now) {
    calls_.erase(in_order_.front().second);
    in_order_.pop_front();
  }
}

}  // namespace mqrpc::internal

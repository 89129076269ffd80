#include "pending_calls.h"

namespace mqrpc::internal {

PendingCall& PendingCalls::Insert(PendingCall call) {
  CallId id = call.id;
  deadlines_.emplace(call.deadline, id);
  return calls_.insert_or_assign(id, std::move(call)).first->second;
}

PendingCall* PendingCalls::Find(CallId id) {
  auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second;
}

std::optional<PendingCall> PendingCalls::Take(CallId id) {
  auto found = calls_.find(id);
  if (found == calls_.end()) return std::nullopt;
  PendingCall call = std::move(found->second);
  calls_.erase(found);
  deadlines_.erase({call.deadline, id});
  return call;
}

std::vector<PendingCall> PendingCalls::TakeFrom(PendingCall::Stage from) {
  std::vector<CallId> ids;
  for (const auto& [id, call] : calls_) {
    if (call.stage >= from) ids.push_back(id);
  }
  std::vector<PendingCall> taken;
  for (CallId id : ids) taken.push_back(*Take(id));
  return taken;
}

std::optional<CallId> PendingCalls::FirstExpired(absl::Time now) const {
  if (deadlines_.empty() || deadlines_.begin()->first > now) return std::nullopt;
  return deadlines_.begin()->second;
}

absl::Time PendingCalls::NextDeadline() const {
  return deadlines_.empty() ? absl::InfiniteFuture() : deadlines_.begin()->first;
}

}  // namespace mqrpc::internal

#include "pending_calls.h"

#include <algorithm>

namespace mqrpc::internal {

PendingCall& PendingCalls::Insert(std::unique_ptr<PendingCall> call) {
  PendingCall& inserted = *call;
  inserted.alarm = inserted.deadline;
  alarms_.emplace(inserted.alarm, inserted.id);
  calls_.insert_or_assign(inserted.id, std::move(call));
  return inserted;
}

PendingCall* PendingCalls::Find(CallId id) {
  auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second.get();
}

std::unique_ptr<PendingCall> PendingCalls::Take(CallId id) {
  auto found = calls_.find(id);
  if (found == calls_.end()) return nullptr;
  std::unique_ptr<PendingCall> call = std::move(found->second);
  calls_.erase(found);
  alarms_.erase({call->alarm, id});
  return call;
}

std::vector<CallId> PendingCalls::IdsFrom(PendingCall::Stage from) const {
  std::vector<CallId> ids;
  for (const auto& [id, call] : calls_) {
    if (call->stage >= from) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void PendingCalls::SetAlarm(PendingCall& call, absl::Time when) {
  when = std::min(when, call.deadline);
  if (when == call.alarm) return;
  alarms_.erase({call.alarm, call.id});
  call.alarm = when;
  alarms_.emplace(call.alarm, call.id);
}

std::optional<CallId> PendingCalls::FirstDue(absl::Time now) const {
  if (alarms_.empty() || alarms_.begin()->first > now) return std::nullopt;
  return alarms_.begin()->second;
}

absl::Time PendingCalls::NextAlarm() const {
  return alarms_.empty() ? absl::InfiniteFuture() : alarms_.begin()->first;
}

}  // namespace mqrpc::internal

#include "broker_subscriptions.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "topic.h"

namespace mqrpc::internal {

BrokerSubscriptions::Id BrokerSubscriptions::Subscribe(Subscription subscription) {
  std::string filter = subscription.filter;
  QoS qos = subscription.qos;
  SubscriptionTable::Added added = table_.Add(std::move(subscription));
  if (client_ != nullptr && added.first) SendSubscribe(filter, qos);
  if (added.granted) loop_.Post([this] { table_.ReportJoined(); });
  return added.id;
}

void BrokerSubscriptions::Attach(MosquittoClient& client) {
  client_ = &client;
  std::set<std::string> sent = sent_;  // sending adds to it
  for (const std::string& filter : sent) {
    if (!table_.Contains(filter)) SendUnsubscribe(filter, [] {});
  }
  for (const auto& [filter, qos] : table_.FiltersToAsk()) SendSubscribe(filter, qos);
}

void BrokerSubscriptions::SendSubscribe(const std::string& filter, QoS qos) {
  absl::Status status = CheckFilter("topic filter", filter);
  if (status.ok()) {
    absl::StatusOr<int> mid = client_->Subscribe(filter, qos, table_.WantsRetained(filter));
    if (!mid.ok()) return;  // the connection has ended, and the next one subscribes
    subscribing_[*mid] = filter;
    sent_.insert(filter);
    return;
  }
  loop_.Post([this, filter, status] { table_.Report(filter, status); });
}

void BrokerSubscriptions::OnSubscribeAck(int mid, ReasonCode reason) {
  auto found = subscribing_.find(mid);
  if (found == subscribing_.end()) return;
  std::string filter = std::move(found->second);
  subscribing_.erase(found);
  absl::Status status;
  if (reason == ReasonCode::kNotAuthorized) {
    status = absl::PermissionDeniedError(
        absl::StrCat("the broker does not let us subscribe to ", filter));
  } else if (reason != ReasonCode::kSuccess) {
    status = absl::FailedPreconditionError(absl::StrFormat(
        "the broker refuses the subscription to %s: reason code 0x%02x",
        filter,
        int(reason)));
  }
  if (!status.ok()) sent_.erase(filter);
  table_.Report(filter, status);
}

void BrokerSubscriptions::Leave(Id id) {
  SendUnsubscribe(table_.Leave(id), [] {});
}

void BrokerSubscriptions::Unsubscribe(Id id, absl::AnyInvocable<void()> done) {
  if (!done) done = [] {};
  SendUnsubscribe(table_.Remove(id), std::move(done));
}

// Without a filter, or a connection to unsubscribe it on, there is nothing to wait for.
void BrokerSubscriptions::SendUnsubscribe(
    const std::optional<std::string>& filter,
    absl::AnyInvocable<void()> done) {
  if (filter.has_value() && client_ != nullptr) {
    absl::StatusOr<int> mid = client_->Unsubscribe(*filter);
    if (mid.ok()) {
      unsubscribing_[*mid] = {.filter = *filter, .done = std::move(done)};
      return;
    }
  }
  loop_.Post(std::move(done));
}

void BrokerSubscriptions::OnUnsubscribeAck(int mid) {
  auto found = unsubscribing_.find(mid);
  if (found == unsubscribing_.end()) return;
  Unsubscribing ended = std::move(found->second);
  unsubscribing_.erase(found);
  if (!table_.Contains(ended.filter)) sent_.erase(ended.filter);
  ended.done();
}

void BrokerSubscriptions::Detach() {
  client_ = nullptr;
  subscribing_.clear();
}

void BrokerSubscriptions::EndUnsubscribes() {
  auto unsubscribing = std::exchange(unsubscribing_, {});
  for (auto& [mid, ended] : unsubscribing) ended.done();
}

void BrokerSubscriptions::Forget(const absl::Status& why) {
  sent_.clear();
  table_.ReportAll(why);
}

}  // namespace mqrpc::internal

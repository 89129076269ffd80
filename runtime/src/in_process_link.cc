#include "in_process_link.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "message_check.h"
#include "topic.h"

namespace mqrpc::internal {

Transport::SubscriptionId InProcessLink::Subscribe(Subscription subscription) {
  std::string filter = subscription.filter;
  SubscriptionTable::Added added = table_.Add(std::move(subscription));
  if (added.first) {
    Enqueue({.run = [this, filter = std::move(filter)] { AskFor(filter); }});
  } else if (added.granted) {
    Enqueue({.run = [this] { table_.ReportJoined(); }});
  }
  return added.id;
}

void InProcessLink::AskFor(const std::string& filter) {
  std::optional<QoS> qos = table_.QoSOf(filter);
  if (!qos.has_value()) return;
  absl::Status status = CheckFilter("filter", filter);
  if (status.ok()) router_.Subscribe(shared_from_this(), filter, *qos);
  table_.Report(filter, status);
  if (!status.ok() || !table_.WantsRetained(filter)) return;
  for (Message& message : router_.RetainedFor(filter)) {
    message.qos = std::min(message.qos, *qos);
    received_.Add();
    table_.Dispatch(std::move(message));
  }
}

void InProcessLink::Leave(Transport::SubscriptionId id) {
  std::optional<std::string> filter = table_.Leave(id);
  if (!filter.has_value()) return;
  Enqueue({.run = [this, filter = *std::move(filter)] {
    router_.Unsubscribe(shared_from_this(), filter);
  }});
}

void InProcessLink::Unsubscribe(Transport::SubscriptionId id, absl::AnyInvocable<void()> done) {
  std::optional<std::string> filter = table_.Remove(id);
  Enqueue({.run = [this, filter = std::move(filter), done = std::move(done)]() mutable {
    if (filter.has_value()) router_.Unsubscribe(shared_from_this(), *filter);
    if (done) done();
  }});
}

Transport::PublishId InProcessLink::Publish(Transport::Compose compose, Transport::OnAck on_ack) {
  if (queued_.value() < max_queued_) {
    queued_.Add();
    return Enqueue({.compose = std::move(compose), .on_ack = std::move(on_ack)});
  }
  return Enqueue({.run = [on_ack = std::move(on_ack), bound = max_queued_]() mutable {
    if (!on_ack) return;
    on_ack(absl::ResourceExhaustedError(
        absl::StrCat("InProcessOptions::max_queued (", bound, ") messages are waiting")));
  }});
}

bool InProcessLink::Withdraw(Transport::PublishId id) {
  auto step = steps_.find(id);
  if (step == steps_.end() || !step->second.compose) return false;
  queued_.Subtract();
  auto withdrawn = steps_.extract(step);  // what it holds, when it goes, may come back to us
  return true;
}

TransportStats InProcessLink::stats() const {
  return {
      .connections_made = 1,
      .messages_sent = sent_.value(),
      .messages_received = received_.value(),
      .messages_queued = queued_.value()};
}

void InProcessLink::Close() {
  is_closed_ = true;
  router_.Remove(shared_from_this());
  table_.Clear();
  std::exchange(steps_, {}).clear();
}

InProcessLink::StepId InProcessLink::Enqueue(Step step) {
  StepId id = next_step_++;
  steps_.emplace(id, std::move(step));
  if (std::exchange(is_posted_, true)) return id;
  loop_.Post([weak = weak_from_this()] {
    if (std::shared_ptr<InProcessLink> link = weak.lock()) link->RunSteps();
  });
  return id;
}

void InProcessLink::RunSteps() {
  is_posted_ = false;
  StepId end = next_step_;
  while (!steps_.empty() && steps_.begin()->first < end) {
    Step step = std::move(steps_.extract(steps_.begin()).mapped());
    if (step.compose) {
      Send(std::move(step));
    } else {
      step.run();
    }
  }
}

void InProcessLink::Send(Step step) {
  queued_.Subtract();
  std::optional<Message> message = step.compose();
  if (!message.has_value()) return;
  absl::StatusOr<ReasonCode> answer = ReasonCode::kSuccess;
  if (absl::Status status = CheckMessage(*message); !status.ok()) {
    answer = std::move(status);
  } else {
    sent_.Add();
    answer = Deliver(*std::move(message));
  }
  if (!is_closed_ && step.on_ack) step.on_ack(std::move(answer));
}

ReasonCode InProcessLink::Deliver(Message message) {
  std::vector<InProcessRouter::Target> targets = router_.TargetsOf(message.topic);
  QoS qos = message.qos;
  if (message.retain) router_.Retain(message);
  for (InProcessRouter::Target& target : targets) {
    bool is_last = &target == &targets.back();
    Message copy = is_last ? std::move(message) : message;
    copy.qos = std::min(qos, target.qos);
    target.link->received_.Add();
    target.link->table_.Dispatch(std::move(copy));
  }
  // MQTT 5 has no such answer at QoS 0, and Mosquitto none at QoS 2.
  bool nobody = targets.empty() && qos == QoS::kAtLeastOnce;
  return nobody ? ReasonCode::kNoMatchingSubscribers : ReasonCode::kSuccess;
}

}  // namespace mqrpc::internal

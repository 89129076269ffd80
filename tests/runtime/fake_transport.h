#ifndef MQRPC_TESTS_RUNTIME_FAKE_TRANSPORT_H_
#define MQRPC_TESTS_RUNTIME_FAKE_TRANSPORT_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqrpc/testing/manual_loop.h"
#include "mqrpc/transport.h"
#include "topic.h"

namespace mqrpc::tests {

// A connection on which nothing happens but what a test says: it grants subscriptions, hands over
// messages, acknowledges them and is lost when told to. Virtual time.
class FakeTransport final : public Transport {
 public:
  // A message that was handed over and not acknowledged.
  struct Sent {
    Message message;
    OnAck on_ack;
  };

  explicit FakeTransport(testing::ManualLoop& loop) : loop_(loop) {}

  EventLoop& loop() override { return loop_; }
  const std::string& client_id() const override { return client_id_; }

  bool is_connected() const override { return connected_; }
  absl::Status WaitUntilConnected(absl::Duration) override {
    return connected_ ? absl::OkStatus() : absl::DeadlineExceededError("not connected");
  }
  bool keeps_session() const override { return false; }
  std::optional<std::string> response_information() const override { return information_; }
  internal::PresenceBoard* presence() override { return nullptr; }
  TransportStats stats() const override { return {}; }

  SubscriptionId Subscribe(Subscription subscription) override {
    subscriptions_.emplace(++next_id_, std::move(subscription));
    return next_id_;
  }
  void Leave(SubscriptionId id) override { left_.insert(id); }
  void Unsubscribe(SubscriptionId id, absl::AnyInvocable<void()> done) override {
    subscriptions_.erase(id);
    if (done) loop_.Post(std::move(done));
  }
  PublishId Publish(Compose compose, OnAck on_ack) override {
    queue_.emplace(++next_id_, std::make_pair(std::move(compose), std::move(on_ack)));
    return next_id_;
  }
  bool Withdraw(PublishId id) override { return queue_.erase(id) > 0; }

  // What the broker's CONNACKs say from now on.
  void SetResponseInformation(std::optional<std::string> information) {
    information_ = std::move(information);
  }

  void SetConnected(bool connected) { connected_ = connected; }

  // The broker's answer to every subscription there is.
  void AnswerSubscriptions(const absl::Status& status) {
    if (status.ok()) connected_ = true;
    for (auto& [id, subscription] : subscriptions_) {
      if (subscription.on_state) subscription.on_state(status);
    }
    loop_.RunUntilIdle();
  }

  // Hands over all that is queued, and answers how many messages that made.
  size_t HandOver() {
    loop_.RunUntilIdle();
    size_t before = sent_.size();
    while (!queue_.empty()) {
      auto [compose, on_ack] = std::move(queue_.extract(queue_.begin()).mapped());
      std::optional<Message> message = compose();
      if (message.has_value()) sent_.push_back({*std::move(message), std::move(on_ack)});
    }
    loop_.RunUntilIdle();
    return sent_.size() - before;
  }

  // Answers the next one that is queued without handing it over.
  void RefuseNext(const absl::Status& status) {
    auto [compose, on_ack] = std::move(queue_.extract(queue_.begin()).mapped());
    on_ack(status);
    loop_.RunUntilIdle();
  }

  // Acknowledges a message, by its place among those sent.
  void Ack(size_t index, absl::StatusOr<ReasonCode> answer) {
    std::exchange(sent_.at(index).on_ack, nullptr)(std::move(answer));
    loop_.RunUntilIdle();
  }

  // As a transport tells it: first to those that wait for acknowledgements.
  void LoseConnection() {
    absl::Status lost = absl::UnavailableError("the connection was lost");
    connected_ = false;
    for (Sent& sent : sent_) {
      if (sent.on_ack) std::exchange(sent.on_ack, nullptr)(lost);
    }
    AnswerSubscriptions(lost);
  }

  // A message from the broker, to all subscriptions that it matches.
  void Deliver(const Message& message) {
    DeliverInTurn(message);
    loop_.RunUntilIdle();
  }

  // The same, in a turn of the loop.
  void DeliverInTurn(const Message& message) {
    for (auto& [id, subscription] : subscriptions_) {
      std::string_view filter = internal::SplitShared(subscription.filter).filter;
      if (internal::TopicMatches(filter, message.topic)) subscription.on_message(message);
    }
  }

  size_t queued() const { return queue_.size(); }
  const std::vector<Sent>& sent() const { return sent_; }
  const std::map<SubscriptionId, Subscription>& subscriptions() const { return subscriptions_; }
  const std::set<SubscriptionId>& left() const { return left_; }

 private:
  testing::ManualLoop& loop_;
  const std::string client_id_ = "client";
  uint64_t next_id_ = 0;
  bool connected_ = true;
  std::optional<std::string> information_;
  std::map<SubscriptionId, Subscription> subscriptions_;
  std::set<SubscriptionId> left_;  // of these
  std::map<PublishId, std::pair<Compose, OnAck>> queue_;
  std::vector<Sent> sent_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_FAKE_TRANSPORT_H_

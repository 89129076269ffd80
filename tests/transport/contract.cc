#include "contract.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mqrpc::tests {

std::vector<std::string> TransportContract::Subscriber::Payloads() const {
  std::vector<std::string> payloads;
  for (Message& message : messages.Items()) payloads.push_back(std::move(message.payload));
  return payloads;
}

void TransportContract::UseBed(const BedOptions& options) {
  transports_.clear();
  bed_ = MakeBed(GetParam(), options);
  ASSERT_NE(bed_, nullptr);
}

Transport& TransportContract::Connect(const std::string& client_id) {
  absl::StatusOr<std::unique_ptr<Transport>> transport = bed_->Connect(client_id);
  // Without one there is nothing to go on with.
  if (!transport.ok()) {
    ADD_FAILURE() << transport.status();
    std::abort();
  }
  transports_.push_back(*std::move(transport));
  return *transports_.back();
}

void TransportContract::Drop(Transport& transport) {
  std::erase_if(transports_, [&transport](const auto& t) { return t.get() == &transport; });
}

bool TransportContract::Wait(const std::function<bool()>& is_true) {
  if (bed_->RunUntilIdle()) return is_true();
  return events_.WaitUntil(is_true);
}

TransportContract::SubscriberPtr TransportContract::StartSubscribe(
    Transport& transport,
    Subscription subscription) {
  auto subscriber = std::make_shared<Subscriber>(events_);
  subscription.on_message = [subscriber](Message message) {
    subscriber->messages.Add(std::move(message));
  };
  subscription.on_state = [subscriber](const absl::Status& status) {
    subscriber->states.Add(status);
  };
  subscriber->id = transport.Subscribe(std::move(subscription));
  return subscriber;
}

TransportContract::PublicationPtr TransportContract::StartPublish(
    Transport& transport,
    Message message) {
  auto publication = std::make_shared<Publication>(events_);
  publication->id = transport.Publish(
      [message = std::move(message)] { return message; },
      [publication](Ack ack) { publication->acks.Add(std::move(ack)); });
  return publication;
}

TransportContract::SubscriberPtr TransportContract::Subscribe(
    Transport& transport,
    const std::string& filter,
    QoS qos) {
  SubscriberPtr subscriber;
  InLoop(transport, [&] {
    subscriber = StartSubscribe(transport, {.filter = filter, .qos = qos});
  });
  EXPECT_TRUE(Wait([&] { return subscriber->states.Size() > 0; })) << filter;
  for (const absl::Status& state : subscriber->states.Items()) EXPECT_TRUE(state.ok()) << state;
  return subscriber;
}

void TransportContract::Unsubscribe(Transport& transport, const Subscriber& subscriber) {
  EventLog<bool> done(events_);
  InLoop(transport, [&] { transport.Unsubscribe(subscriber.id, [&done] { done.Add(true); }); });
  EXPECT_TRUE(Wait([&] { return done.Size() == 1; }));
}

Ack TransportContract::Publish(Transport& transport, Message message) {
  PublicationPtr publication;
  InLoop(transport, [&] { publication = StartPublish(transport, std::move(message)); });
  if (!Wait([&] { return publication->acks.Size() > 0; })) return absl::UnknownError("no ack");
  return publication->acks.Items().front();
}

void TransportContract::Settle(Transport& from, Transport& to) {
  std::string topic = absl::StrCat("settled/", ++settled_);
  SubscriberPtr subscriber = Subscribe(to, topic);
  EXPECT_TRUE(Publish(from, {.topic = topic, .qos = QoS::kExactlyOnce}).ok());
  EXPECT_EQ(Await(*subscriber, 1).size(), 1u);
  Unsubscribe(to, *subscriber);
}

std::vector<Message> TransportContract::Await(const Subscriber& subscriber, size_t count) {
  EXPECT_TRUE(Wait([&] { return subscriber.messages.Size() >= count; }))
      << subscriber.messages.Size() << " of " << count << " messages came";
  return subscriber.messages.Items();
}

}  // namespace mqrpc::tests

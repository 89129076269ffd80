// What is left of a connection when it goes: nothing.

#include <thread>

#include "contract.h"
#include "gmock/gmock.h"

namespace mqrpc::tests {
namespace {

using TransportLifetime = TransportContract;

TEST_P(TransportLifetime, ClientIdIsKept) { EXPECT_EQ(Connect("a-name").client_id(), "a-name"); }

TEST_P(TransportLifetime, BadClientIdsAreRefused) {
  for (const char* id : {"a/b", "+", "a#", "$a", "\x01"}) {
    absl::StatusOr<std::unique_ptr<Transport>> transport = bed_->Connect(id);
    EXPECT_EQ(transport.status().code(), absl::StatusCode::kInvalidArgument) << id;
    EXPECT_THAT(std::string(transport.status().message()), ::testing::HasSubstr("client"));
  }
  EXPECT_FALSE(bed_->Connect(std::string(129, 'x')).ok());
}

TEST_P(TransportLifetime, SubscriptionsGoWithTheirConnection) {
  Transport& stays = Connect("stays");
  Transport& goes = Connect("goes");
  Subscribe(goes, "a");
  EXPECT_EQ(*Publish(stays, {.topic = "a"}), ReasonCode::kSuccess);
  Drop(goes);
  // Another connection's end is not ordered with our messages at a real broker: ask until it is so.
  auto end = std::chrono::steady_clock::now() + kLong;
  while (*Publish(stays, {.topic = "a"}) == ReasonCode::kSuccess) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
}

TEST_P(TransportLifetime, AClientIdCanComeAgain) {
  for (int i = 0; i < 3; ++i) {
    Transport& transport = Connect("again");
    SubscriberPtr subscriber = Subscribe(transport, "a");
    ASSERT_TRUE(Publish(transport, {.topic = "a"}).ok());
    Await(*subscriber, 1);
    Drop(transport);
  }
}

TEST_P(TransportLifetime, EndsWithMessagesQueued) {
  Transport& transport = Connect("me");
  auto token = std::make_shared<int>();
  InLoop(transport, [&] {
    transport.Subscribe(
        {.filter = "a",
         .on_message = [token](Message) {},
         .on_state = [token](const absl::Status&) {}});
    for (int i = 0; i < 5000; ++i) {
      transport.Publish([token] { return Message{.topic = "a"}; }, [token](Ack) {});
    }
    Transport::SubscriptionId id =
        transport.Subscribe({.filter = "b", .on_message = [token](Message) {}});
    transport.Unsubscribe(id, [token] {});
  });
  Drop(transport);
  EXPECT_EQ(token.use_count(), 1) << "all callbacks are destroyed";
}

// Whatever a callback holds may talk to the transport when it is destroyed.
TEST_P(TransportLifetime, CallbacksMayUnsubscribeAsTheyAreDestroyed) {
  Transport& transport = Connect("me");
  EventLog<bool> ended(events_);
  InLoop(transport, [&] {
    Transport::SubscriptionId other =
        transport.Subscribe({.filter = "other", .on_message = [](Message) {}});
    std::shared_ptr<int> guard(new int(), [&transport, &ended, other](int* number) {
      delete number;
      transport.Unsubscribe(other, nullptr);
      ended.Add(true);
    });
    Transport::SubscriptionId id =
        transport.Subscribe({.filter = "a", .on_message = [guard](Message) {}});
    guard.reset();
    transport.Unsubscribe(id, nullptr);
  });
  ASSERT_TRUE(Wait([&] { return ended.Size() == 1; }));
  EXPECT_EQ(*Publish(transport, {.topic = "other"}), ReasonCode::kNoMatchingSubscribers);
}

TEST_P(TransportLifetime, EndsOnAnyThread) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a");
  ASSERT_TRUE(Publish(transport, {.topic = "a"}).ok());
  std::thread([&] { Drop(transport); }).join();
}

TEST_P(TransportLifetime, NoCallbackComesAfterTheEnd) {
  Transport& from = Connect("from");
  Transport& to = Connect("to");
  auto is_gone = std::make_shared<std::atomic<bool>>(false);
  EventLog<bool> messages(events_);
  InLoop(to, [&] {
    to.Subscribe({.filter = "a", .on_message = [&messages, is_gone](Message) {
                    EXPECT_FALSE(*is_gone);
                    messages.Add(true);
                  }});
  });
  Settle(from, to);
  InLoop(from, [&] {
    for (int i = 0; i < 2000; ++i) StartPublish(from, {.topic = "a"});
  });
  ASSERT_TRUE(Wait([&] { return messages.Size() > 0; }));
  Drop(to);
  *is_gone = true;
  ASSERT_TRUE(Publish(from, {.topic = "b"}).ok());
}

INSTANTIATE_TEST_SUITE_P(On, TransportLifetime, AllBeds(), BedName);

}  // namespace
}  // namespace mqrpc::tests

// When a message leaves, in which order, and how its end is told.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "contract.h"
#include "gmock/gmock.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using TransportPublishing = TransportContract;

std::vector<std::string> Numbers(int count) {
  std::vector<std::string> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

TEST_P(TransportPublishing, KeepsTheOrderAtEachQoS) {
  Transport& from = Connect("from");
  Transport& to = Connect("to");
  for (QoS qos : {QoS::kAtMostOnce, QoS::kAtLeastOnce, QoS::kExactlyOnce}) {
    std::string topic = "order/" + std::to_string(static_cast<int>(qos));
    SubscriberPtr subscriber = Subscribe(to, topic);
    InLoop(from, [&] {
      for (std::string& payload : Numbers(500)) {
        StartPublish(from, {.topic = topic, .payload = std::move(payload), .qos = qos});
      }
    });
    Await(*subscriber, 500);
    EXPECT_EQ(subscriber->Payloads(), Numbers(500)) << topic;
  }
}

TEST_P(TransportPublishing, TenThousandAtOnceAllArriveInOrderAndAreAllAcknowledged) {
  constexpr int kCount = 10'000;
  Transport& from = Connect("from");
  Transport& to = Connect("to");
  SubscriberPtr subscriber = Subscribe(to, "many");
  EventLog<Ack> acks(events_);
  InLoop(from, [&] {
    for (std::string& payload : Numbers(kCount)) {
      from.Publish(
          [payload] { return Message{.topic = "many", .payload = payload}; },
          [&acks](Ack ack) { acks.Add(std::move(ack)); });
    }
  });
  Await(*subscriber, kCount);
  ASSERT_TRUE(Wait([&] { return acks.Size() == kCount; }));
  EXPECT_EQ(subscriber->Payloads(), Numbers(kCount));
  for (const Ack& ack : acks.Items()) ASSERT_TRUE(ack.ok() && *ack == ReasonCode::kSuccess);
}

TEST_P(TransportPublishing, WithdrawTakesBackWhatIsStillQueued) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a");
  auto token = std::make_shared<int>();
  InLoop(transport, [&] {
    StartPublish(transport, {.topic = "a", .payload = "1"});
    Transport::PublishId id = transport.Publish(
        [token] { return Message{.topic = "a", .payload = "taken back"}; },
        [token](Ack) {});
    StartPublish(transport, {.topic = "a", .payload = "2"});
    EXPECT_TRUE(transport.Withdraw(id));
    EXPECT_EQ(token.use_count(), 1) << "its callbacks are destroyed";
    EXPECT_FALSE(transport.Withdraw(id));
  });
  Await(*subscriber, 2);
  Settle(transport, transport);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("1", "2"));
}

TEST_P(TransportPublishing, WithdrawComesTooLateForWhatHasLeft) {
  Transport& transport = Connect("me");
  PublicationPtr publication;
  InLoop(transport, [&] { publication = StartPublish(transport, {.topic = "a"}); });
  ASSERT_TRUE(Wait([&] { return publication->acks.Size() == 1; }));
  InLoop(transport, [&] { EXPECT_FALSE(transport.Withdraw(publication->id)); });
}

TEST_P(TransportPublishing, WhatIsNoLongerWantedIsNotSent) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a");
  auto token = std::make_shared<int>();
  std::atomic<int> acks = 0;
  InLoop(transport, [&] {
    transport.Publish([] { return std::nullopt; }, [token, &acks](Ack) { ++acks; });
    StartPublish(transport, {.topic = "a", .payload = "wanted"});
  });
  Await(*subscriber, 1);
  InLoop(transport, [&] { EXPECT_EQ(token.use_count(), 1) << "the acknowledgement is destroyed"; });
  EXPECT_EQ(acks, 0);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("wanted"));
}

TEST_P(TransportPublishing, OneMoreThanMayWaitIsRefusedAndTheOthersArrive) {
  UseBed({.max_queued = 3});
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a");
  std::vector<PublicationPtr> publications;
  InLoop(transport, [&] {
    for (const std::string& payload : Numbers(5)) {
      publications.push_back(StartPublish(transport, {.topic = "a", .payload = payload}));
    }
  });
  for (const PublicationPtr& each : publications) {
    ASSERT_TRUE(Wait([&] { return each->acks.Size() == 1; }));
  }
  Await(*subscriber, 3);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("0", "1", "2"));
  absl::Status refused = publications.back()->acks.Items().front().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("max_queued (3)"));
}

// No callback comes from inside a method, and all come in turns of the loop.
TEST_P(TransportPublishing, CallbacksComeInLaterTurns) {
  Transport& transport = Connect("me");
  bool in_method = false;  // in the loop only
  EventLog<std::string> calls(events_);
  auto note = [&](const char* which) {
    EXPECT_FALSE(in_method) << which;
    EXPECT_TRUE(transport.loop().InLoop()) << which;
    calls.Add(which);
  };
  Transport::SubscriptionId id = 0;
  auto publish = [&](QoS qos, std::string topic) {
    transport.Publish(
        [&note, qos, topic] {
          note("compose");
          return Message{.topic = topic, .qos = qos};
        },
        [&note](Ack) { note("ack"); });
  };
  InLoop(transport, [&] {
    in_method = true;
    id = transport.Subscribe(
        {.filter = "a",
         .on_message = [&](Message) { note("message"); },
         .on_state = [&](const absl::Status&) { note("state"); }});
    publish(QoS::kAtMostOnce, "a");
    publish(QoS::kAtLeastOnce, "not/+/valid");
    publish(QoS::kExactlyOnce, "b");
    in_method = false;
  });
  ASSERT_TRUE(Wait([&] { return calls.Size() == 8; })) << ::testing::PrintToString(calls.Items());
  InLoop(transport, [&] {
    in_method = true;
    transport.Unsubscribe(id, [&] { note("done"); });
    in_method = false;
  });
  ASSERT_TRUE(Wait([&] { return calls.Size() == 9; }));
}

// In virtual time there is one thread.
using TransportThreads = TransportContract;
INSTANTIATE_TEST_SUITE_P(
    On,
    TransportThreads,
    ::testing::Values(BedKind::kInProcess, BedKind::kMosquittoTcp, BedKind::kMosquittoUnix),
    BedName);

TEST_P(TransportThreads, ManyPost) {
  constexpr int kThreads = 8;
  constexpr int kEach = 250;
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "from/+");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, &transport, topic = "from/" + std::to_string(thread)] {
      for (std::string& payload : Numbers(kEach)) {
        transport.loop().Post([this, &transport, topic, payload] {
          StartPublish(transport, {.topic = topic, .payload = payload});
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<Message> received = Await(*subscriber, kThreads * kEach);
  EXPECT_THAT(received, SizeIs(kThreads * kEach));
  for (int thread = 0; thread < kThreads; ++thread) {
    std::vector<std::string> payloads;
    for (const Message& message : received) {
      if (message.topic == "from/" + std::to_string(thread)) payloads.push_back(message.payload);
    }
    EXPECT_EQ(payloads, Numbers(kEach)) << "order of thread " << thread;
  }
}

INSTANTIATE_TEST_SUITE_P(On, TransportPublishing, AllBeds(), BedName);

}  // namespace
}  // namespace mqrpc::tests

// Whose filter takes which message, when a subscription begins, and when it ends.

#include "contract.h"
#include "gmock/gmock.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using TransportSubscriptions = TransportContract;

TEST_P(TransportSubscriptions, PlusTakesOneLevel) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a/+/c");
  for (const char* topic : {"a/b/c", "a//c", "a/b", "a/b/c/d", "a/b/x", "b/b/c"}) {
    ASSERT_TRUE(Publish(transport, {.topic = topic, .payload = topic}).ok());
  }
  Settle(transport, transport);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("a/b/c", "a//c"));
}

TEST_P(TransportSubscriptions, HashTakesAllBelowAndTheLevelItself) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a/#");
  for (const char* topic : {"a", "a/", "a/b", "a/b/c", "ab", "b/a"}) {
    ASSERT_TRUE(Publish(transport, {.topic = topic, .payload = topic}).ok());
  }
  Settle(transport, transport);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("a", "a/", "a/b", "a/b/c"));
}

TEST_P(TransportSubscriptions, LeadingWildcardsDoNotSeeDollarTopics) {
  Transport& transport = Connect("me");
  SubscriberPtr plus = Subscribe(transport, "+/x");
  SubscriberPtr exact = Subscribe(transport, "$internal/x");
  ASSERT_TRUE(Publish(transport, {.topic = "$internal/x", .payload = "hidden"}).ok());
  Settle(transport, transport);
  EXPECT_THAT(plus->Payloads(), IsEmpty());
  EXPECT_THAT(exact->Payloads(), ElementsAre("hidden"));
}

TEST_P(TransportSubscriptions, ReplyCannotOvertakeItsSubscription) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber;
  PublicationPtr publication;
  InLoop(transport, [&] {
    subscriber = StartSubscribe(transport, {.filter = "me/replies"});
    publication = StartPublish(transport, {.topic = "me/replies", .payload = "reply"});
  });
  Await(*subscriber, 1);
  EXPECT_THAT(subscriber->Payloads(), ElementsAre("reply"));
  ASSERT_TRUE(Wait([&] { return publication->acks.Size() == 1; }));
  EXPECT_EQ(*publication->acks.Items().front(), ReasonCode::kSuccess);
}

TEST_P(TransportSubscriptions, WhoWantsWhatWasRetainedGetsTheLastOfEachTopic) {
  Transport& transport = Connect("me");
  for (const char* payload : {"old", "new"}) {
    ASSERT_TRUE(Publish(transport, {.topic = "a/b", .payload = payload, .retain = true}).ok());
  }
  ASSERT_TRUE(Publish(transport, {.topic = "a/c", .payload = "x", .retain = true}).ok());
  ASSERT_TRUE(Publish(transport, {.topic = "a/c", .payload = "", .retain = true}).ok());
  SubscriberPtr plain = Subscribe(transport, "a/#");
  SubscriberPtr wants, wants_too;
  InLoop(transport, [&] {
    wants = StartSubscribe(transport, {.filter = "a/+", .wants_retained = true});
  });
  Await(*wants, 1);
  InLoop(transport, [&] {
    wants_too = StartSubscribe(transport, {.filter = "a/+", .wants_retained = true});
  });
  Await(*wants_too, 1);
  Settle(transport, transport);
  EXPECT_THAT(wants->Payloads(), ElementsAre("new", "new"));  // that of the other comes to it too
  EXPECT_TRUE(wants->messages.Items().front().retain);
  EXPECT_THAT(wants_too->Payloads(), ElementsAre("new"));
}

TEST_P(TransportSubscriptions, TwoOfOneFilterBothGetItUntilEachIsRemoved) {
  Transport& transport = Connect("me");
  SubscriberPtr first = Subscribe(transport, "a/+");
  SubscriberPtr second = Subscribe(transport, "a/+");
  ASSERT_TRUE(Publish(transport, {.topic = "a/b", .payload = "both"}).ok());
  Settle(transport, transport);
  Unsubscribe(transport, *first);
  ASSERT_TRUE(Publish(transport, {.topic = "a/b", .payload = "second"}).ok());
  Settle(transport, transport);
  Unsubscribe(transport, *second);
  EXPECT_EQ(
      *Publish(transport, {.topic = "a/b", .payload = "nobody"}),
      ReasonCode::kNoMatchingSubscribers);
  EXPECT_THAT(first->Payloads(), ElementsAre("both"));
  EXPECT_THAT(second->Payloads(), ElementsAre("both", "second"));
}

TEST_P(TransportSubscriptions, TwoOfOneFilterAtOnceAreBothGranted) {
  Transport& transport = Connect("me");
  SubscriberPtr first;
  SubscriberPtr second;
  InLoop(transport, [&] {
    first = StartSubscribe(transport, {.filter = "a"});
    second = StartSubscribe(transport, {.filter = "a"});
  });
  ASSERT_TRUE(Wait([&] { return first->states.Size() > 0 && second->states.Size() > 0; }));
  Settle(transport, transport);
  EXPECT_THAT(first->states.Items(), ElementsAre(absl::OkStatus()));
  EXPECT_THAT(second->states.Items(), ElementsAre(absl::OkStatus()));
}

TEST_P(TransportSubscriptions, HigherQoSOfALaterOneIsAskedFor) {
  Transport& transport = Connect("me");
  SubscriberPtr low = Subscribe(transport, "a", QoS::kAtMostOnce);
  SubscriberPtr high = Subscribe(transport, "a", QoS::kExactlyOnce);
  Settle(transport, transport);
  ASSERT_TRUE(Publish(transport, {.topic = "a", .qos = QoS::kExactlyOnce}).ok());
  EXPECT_EQ(Await(*high, 1).front().qos, QoS::kExactlyOnce);
}

// A broker may deliver one message to overlapping filters of one connection once or for each.
TEST_P(TransportSubscriptions, OverlappingFiltersEachGetIt) {
  Transport& transport = Connect("me");
  SubscriberPtr wide = Subscribe(transport, "a/#");
  SubscriberPtr narrow = Subscribe(transport, "a/b");
  ASSERT_TRUE(Publish(transport, {.topic = "a/b", .payload = "x"}).ok());
  Settle(transport, transport);
  EXPECT_THAT(wide->Payloads(), ::testing::Contains("x"));
  EXPECT_THAT(narrow->Payloads(), ::testing::Contains("x"));
}

// As many as were acknowledged as having a subscriber.
TEST_P(TransportSubscriptions, WhatTheBrokerHasQueuedComesAfterLeavingButBeforeAMarker) {
  constexpr size_t kMessages = 500;
  Transport& me = Connect("me");
  Transport& them = Connect("them");
  SubscriberPtr work = Subscribe(me, "$share/group/work");
  SubscriberPtr marker = Subscribe(me, "me/marker");
  std::vector<PublicationPtr> publications;
  InLoop(them, [&] {
    for (size_t i = 0; i < kMessages; ++i) {
      publications.push_back(StartPublish(them, {.topic = "work"}));
    }
  });
  ASSERT_TRUE(Wait([&] { return work->messages.Size() > 0; }));
  InLoop(me, [&] {
    me.Leave(work->id);
    StartPublish(me, {.topic = "me/marker"});
  });
  Await(*marker, 1);

  size_t arrived = work->messages.Size();
  size_t taken = 0;
  for (const PublicationPtr& publication : publications) {
    ASSERT_TRUE(Wait([&] { return publication->acks.Size() == 1; }));
    if (*publication->acks.Items().front() == ReasonCode::kSuccess) ++taken;
  }
  EXPECT_EQ(arrived, taken);
}

TEST_P(TransportSubscriptions, OneThatWasLeftMayBeSubscribedAgain) {
  Transport& transport = Connect("me");
  SubscriberPtr left = Subscribe(transport, "a");
  InLoop(transport, [&] { transport.Leave(left->id); });
  SubscriberPtr stays = Subscribe(transport, "a");
  ASSERT_TRUE(Publish(transport, {.topic = "a", .payload = "x"}).ok());
  Settle(transport, transport);
  Unsubscribe(transport, *left);
  ASSERT_TRUE(Publish(transport, {.topic = "a", .payload = "y"}).ok());
  Settle(transport, transport);
  EXPECT_THAT(left->Payloads(), IsEmpty());
  EXPECT_THAT(stays->Payloads(), ElementsAre("x", "y"));
}

TEST_P(TransportSubscriptions, NothingComesAfterUnsubscribe) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a");
  PublicationPtr publication;
  InLoop(transport, [&] {
    publication = StartPublish(transport, {.topic = "a", .payload = "too late"});
    transport.Unsubscribe(subscriber->id, nullptr);
  });
  ASSERT_TRUE(Wait([&] { return publication->acks.Size() == 1; }));
  Settle(transport, transport);
  EXPECT_THAT(subscriber->Payloads(), IsEmpty());
}

TEST_P(TransportSubscriptions, UnsubscribingTwiceIsDoneTwice) {
  Transport& transport = Connect("me");
  SubscriberPtr subscriber = Subscribe(transport, "a");
  Unsubscribe(transport, *subscriber);
  Unsubscribe(transport, *subscriber);
}

TEST_P(TransportSubscriptions, ComesBackAfterUnsubscribe) {
  Transport& transport = Connect("me");
  SubscriberPtr before = Subscribe(transport, "a");
  SubscriberPtr after;
  InLoop(transport, [&] {
    transport.Unsubscribe(before->id, nullptr);
    after = StartSubscribe(transport, {.filter = "a"});
  });
  ASSERT_TRUE(Wait([&] { return after->states.Size() > 0; }));
  ASSERT_TRUE(Publish(transport, {.topic = "a", .payload = "again"}).ok());
  Await(*after, 1);
  EXPECT_THAT(after->Payloads(), ElementsAre("again"));
}

TEST_P(TransportSubscriptions, OneMayEndItselfAndBeginAnother) {
  Transport& transport = Connect("me");
  SubscriberPtr next;
  EventLog<std::string> once(events_);
  InLoop(transport, [&] {
    auto id = std::make_shared<Transport::SubscriptionId>();
    *id = transport.Subscribe({.filter = "first", .on_message = [&, id](Message message) {
                                 transport.Unsubscribe(*id, nullptr);
                                 next = StartSubscribe(transport, {.filter = "next"});
                                 once.Add(message.payload);
                               }});
  });
  // On one connection: the first must not overtake its subscription either.
  ASSERT_TRUE(Publish(transport, {.topic = "first", .payload = "1"}).ok());
  ASSERT_TRUE(Wait([&] { return once.Size() == 1; }));
  ASSERT_TRUE(Wait([&] { return next->states.Size() == 1; }));
  ASSERT_TRUE(Publish(transport, {.topic = "first", .payload = "2"}).ok());
  ASSERT_TRUE(Publish(transport, {.topic = "next", .payload = "3"}).ok());
  Await(*next, 1);
  EXPECT_THAT(once.Items(), ElementsAre("1"));
  EXPECT_THAT(next->Payloads(), ElementsAre("3"));
}

TEST_P(TransportSubscriptions, BadFiltersAreRefusedAndTheConnectionSurvives) {
  Transport& transport = Connect("me");
  SubscriberPtr good = Subscribe(transport, "good");
  for (const char* filter :
       {"", "a/b+", "#/a", "a#", "$share/g", "$share//a", "$share/+/a", "\x01"}) {
    SubscriberPtr bad;
    InLoop(transport, [&] { bad = StartSubscribe(transport, {.filter = filter}); });
    ASSERT_TRUE(Wait([&] { return bad->states.Size() > 0; })) << filter;
    absl::Status status = bad->states.Items().front();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << filter;
    EXPECT_THAT(std::string(status.message()), HasSubstr("filter \"")) << filter;
    Unsubscribe(transport, *bad);
  }
  ASSERT_TRUE(Publish(transport, {.topic = "good", .payload = "still here"}).ok());
  Await(*good, 1);
  EXPECT_THAT(good->states.Items(), ElementsAre(absl::OkStatus()));
}

INSTANTIATE_TEST_SUITE_P(On, TransportSubscriptions, AllBeds(), BedName);

}  // namespace
}  // namespace mqrpc::tests

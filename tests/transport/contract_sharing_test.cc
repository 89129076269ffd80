// `$share/{group}/{filter}`: each message to one member of each group, in turn.

#include <algorithm>
#include <string>
#include <vector>

#include "contract.h"
#include "gmock/gmock.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TransportSharing : public TransportContract {
 protected:
  std::vector<std::string> PublishNumbers(Transport& transport, int from, int to) {
    std::vector<std::string> payloads;
    for (int i = from; i < to; ++i) {
      payloads.push_back(std::to_string(i));
      Ack ack = Publish(transport, {.topic = "work/item", .payload = payloads.back()});
      EXPECT_TRUE(ack.ok() && *ack == ReasonCode::kSuccess);
    }
    return payloads;
  }
};

std::vector<std::string> Sorted(std::vector<std::string> strings) {
  std::sort(strings.begin(), strings.end());
  return strings;
}

TEST_P(TransportSharing, MembersTakeTurns) {
  Transport& from = Connect("from");
  std::vector<SubscriberPtr> members;
  for (const char* id : {"one", "two", "three"}) {
    members.push_back(Subscribe(Connect(id), "$share/group/work/+"));
  }
  std::vector<std::string> sent = PublishNumbers(from, 0, 30);
  ASSERT_TRUE(Wait([&] {
    size_t count = 0;
    for (const SubscriberPtr& member : members) count += member->messages.Size();
    return count >= sent.size();
  }));
  std::vector<std::string> received;
  for (const SubscriberPtr& member : members) {
    std::vector<std::string> payloads = member->Payloads();
    EXPECT_THAT(payloads, SizeIs(10));
    received.insert(received.end(), payloads.begin(), payloads.end());
  }
  EXPECT_EQ(Sorted(received), Sorted(sent));
}

TEST_P(TransportSharing, MembersMayLeave) {
  Transport& from = Connect("from");
  Transport& one = Connect("one");
  Transport& two = Connect("two");
  SubscriberPtr leaves = Subscribe(one, "$share/group/work/+");
  SubscriberPtr stays = Subscribe(two, "$share/group/work/+");
  PublishNumbers(from, 0, 2);
  Settle(from, one);
  Unsubscribe(one, *leaves);
  PublishNumbers(from, 2, 6);
  Await(*stays, 5);
  EXPECT_THAT(leaves->Payloads(), SizeIs(1));
  EXPECT_THAT(stays->Payloads(), SizeIs(5));
}

TEST_P(TransportSharing, EachGroupGetsItAndSoDoesAPlainSubscription) {
  Transport& from = Connect("from");
  SubscriberPtr red = Subscribe(Connect("one"), "$share/red/work/item");
  SubscriberPtr blue = Subscribe(Connect("two"), "$share/blue/work/item");
  SubscriberPtr plain = Subscribe(Connect("three"), "work/#");
  PublishNumbers(from, 0, 3);
  for (const SubscriberPtr& each : {red, blue, plain}) {
    Await(*each, 3);
    EXPECT_THAT(each->Payloads(), ElementsAre("0", "1", "2"));
  }
}

TEST_P(TransportSharing, GroupsOfOneNameAndOtherFiltersAreOtherGroups) {
  Transport& from = Connect("from");
  SubscriberPtr exact = Subscribe(Connect("one"), "$share/group/work/item");
  SubscriberPtr wide = Subscribe(Connect("two"), "$share/group/work/+");
  PublishNumbers(from, 0, 3);
  EXPECT_THAT(Await(*exact, 3), SizeIs(3));
  EXPECT_THAT(Await(*wide, 3), SizeIs(3));
}

TEST_P(TransportSharing, NobodyIsThereOnceTheLastMemberHasLeft) {
  Transport& transport = Connect("me");
  SubscriberPtr member = Subscribe(transport, "$share/group/a");
  EXPECT_EQ(*Publish(transport, {.topic = "a"}), ReasonCode::kSuccess);
  Unsubscribe(transport, *member);
  EXPECT_EQ(*Publish(transport, {.topic = "a"}), ReasonCode::kNoMatchingSubscribers);
}

TEST_P(TransportSharing, TheGroupIsNoPartOfTheTopic) {
  Transport& transport = Connect("me");
  SubscriberPtr member = Subscribe(transport, "$share/group/a");
  EXPECT_EQ(*Publish(transport, {.topic = "group/a"}), ReasonCode::kNoMatchingSubscribers);
  Settle(transport, transport);
  EXPECT_THAT(member->Payloads(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(On, TransportSharing, AllBeds(), BedName);

}  // namespace
}  // namespace mqrpc::tests

#include "in_process_router.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "in_process_link.h"
#include "mqrpc/testing/manual_loop.h"

namespace mqrpc::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class InProcessRouterTest : public ::testing::Test {
 protected:
  InProcessRouter::Link Link(const std::string& name) {
    std::shared_ptr<InProcessLink>& link = links_[name];
    if (link == nullptr) link = std::make_shared<InProcessLink>(loop_, router_, 1);
    return link;
  }
  void Subscribe(const std::string& name, const std::string& filter, QoS qos = QoS::kExactlyOnce) {
    router_.Subscribe(Link(name), filter, qos);
  }
  std::vector<std::string> TargetsOf(const std::string& topic) {
    std::vector<std::string> names;
    for (const InProcessRouter::Target& target : router_.TargetsOf(topic)) {
      for (const auto& [name, link] : links_) {
        if (link == target.link) names.push_back(name);
      }
    }
    return names;
  }

  testing::ManualLoop loop_;
  InProcessRouter router_;
  std::map<std::string, std::shared_ptr<InProcessLink>> links_;
};

TEST_F(InProcessRouterTest, EachMatchingFilterIsATarget) {
  Subscribe("one", "a/+");
  Subscribe("one", "a/b");
  Subscribe("two", "#");
  Subscribe("three", "b/#");
  EXPECT_THAT(TargetsOf("a/b"), UnorderedElementsAre("one", "one", "two"));
  EXPECT_THAT(TargetsOf("$a/b"), IsEmpty());
}

TEST_F(InProcessRouterTest, MembersOfAGroupTakeTurns) {
  for (const char* name : {"one", "two", "three"}) Subscribe(name, "$share/g/a/+");
  EXPECT_THAT(TargetsOf("a/b"), ElementsAre("one"));
  EXPECT_THAT(TargetsOf("a/c"), ElementsAre("two"));
  EXPECT_THAT(TargetsOf("a/b"), ElementsAre("three"));
  EXPECT_THAT(TargetsOf("a/b"), ElementsAre("one"));
}

TEST_F(InProcessRouterTest, WhoLeavesHasNoTurn) {
  for (const char* name : {"one", "two", "three"}) Subscribe(name, "$share/g/a");
  router_.Unsubscribe(Link("one"), "$share/g/a");
  EXPECT_THAT(TargetsOf("a"), ElementsAre("two"));
  router_.Remove(Link("two"));
  EXPECT_THAT(TargetsOf("a"), ElementsAre("three"));
  EXPECT_THAT(TargetsOf("a"), ElementsAre("three"));
  router_.Remove(Link("three"));
  EXPECT_THAT(TargetsOf("a"), IsEmpty());
}

TEST_F(InProcessRouterTest, SubscribingAgainReplaces) {
  Subscribe("one", "a", QoS::kAtMostOnce);
  Subscribe("one", "a", QoS::kExactlyOnce);
  std::vector<InProcessRouter::Target> targets = router_.TargetsOf("a");
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].qos, QoS::kExactlyOnce);
}

}  // namespace
}  // namespace mqrpc::internal

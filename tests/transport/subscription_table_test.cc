#include "subscription_table.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Names what it hears, in order.
class SubscriptionTableTest : public ::testing::Test {
 protected:
  SubscriptionTable::Added Add(std::string name, std::string filter, QoS qos = QoS::kAtLeastOnce) {
    return table_.Add(
        {.filter = std::move(filter),
         .qos = qos,
         .on_message =
             [this, name](Message message) {
               heard_.push_back(name + ":" + message.payload);
               if (then_) then_(name);
             },
         .on_state =
             [this, name](const absl::Status& status) {
               heard_.push_back(name + (status.ok() ? " granted" : " lost"));
               if (then_) then_(name);
             }});
  }
  void Dispatch(std::string topic) { table_.Dispatch({.topic = std::move(topic), .payload = "x"}); }
  std::vector<std::string> Heard() { return std::exchange(heard_, {}); }

  SubscriptionTable table_;
  std::vector<std::string> heard_;
  std::function<void(const std::string& name)> then_;
};

const absl::Status kLost = absl::UnavailableError("lost");

TEST_F(SubscriptionTableTest, FindsWhoseAMessageIs) {
  Add("exact", "a/b");
  Add("plus", "a/+");
  Add("shared", "$share/group/a/b");
  Add("other", "a/c");
  Dispatch("a/b");
  EXPECT_THAT(Heard(), ElementsAre("exact:x", "plus:x", "shared:x"));
  Dispatch("nobody");
  EXPECT_THAT(Heard(), IsEmpty());
}

TEST_F(SubscriptionTableTest, MovesToTheLast) {
  std::string payload(1000, 'x');
  const char* bytes = payload.data();
  std::vector<const char*> received;
  for (const char* filter : {"a", "+", "b"}) {
    table_.Add({.filter = filter, .on_message = [&received](Message message) {
                  received.push_back(message.payload.data());
                }});
  }
  table_.Dispatch({.topic = "a", .payload = std::move(payload)});
  ASSERT_EQ(received.size(), 2u);
  EXPECT_NE(received[0], bytes);
  EXPECT_EQ(received[1], bytes);
}

TEST_F(SubscriptionTableTest, SaysWhenTheBrokerHasToBeTold) {
  SubscriptionTable::Added first = Add("first", "a");
  SubscriptionTable::Added second = Add("second", "a");
  EXPECT_TRUE(first.first);
  EXPECT_FALSE(second.first);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(table_.Remove(first.id), std::nullopt);
  EXPECT_EQ(table_.Remove(first.id), std::nullopt);
  EXPECT_TRUE(table_.Contains("a"));
  EXPECT_EQ(table_.Remove(second.id), "a");
  EXPECT_FALSE(table_.Contains("a"));
  EXPECT_EQ(table_.Remove(second.id), std::nullopt);
  EXPECT_TRUE(Add("third", "a").first);
}

TEST_F(SubscriptionTableTest, AsksAgainForAHigherQoSAndForWhatWasRefused) {
  Add("first", "a", QoS::kAtMostOnce);
  EXPECT_FALSE(Add("same", "a", QoS::kAtMostOnce).first);
  EXPECT_TRUE(Add("higher", "a", QoS::kExactlyOnce).first);
  EXPECT_EQ(table_.QoSOf("a"), QoS::kExactlyOnce);
  EXPECT_FALSE(Add("lower", "a", QoS::kAtLeastOnce).first);
  table_.Report("a", absl::PermissionDeniedError("no"));
  EXPECT_TRUE(Add("again", "a", QoS::kAtMostOnce).first);
}

TEST_F(SubscriptionTableTest, WhatWasRefusedIsNotToBeUnsubscribed) {
  SubscriptionTable::Id id = Add("refused", "a").id;
  table_.Report("a", absl::InvalidArgumentError("no"));
  EXPECT_EQ(table_.Remove(id), std::nullopt);
}

TEST_F(SubscriptionTableTest, AsksABrokerThatRemembersOnlyForWhatItHasNotGranted) {
  Add("one", "granted", QoS::kAtMostOnce);
  Add("two", "refused");
  Add("three", "raised", QoS::kAtMostOnce);
  for (const char* filter : {"granted", "raised"}) table_.Report(filter, absl::OkStatus());
  table_.Report("refused", absl::PermissionDeniedError("no"));
  Add("four", "raised", QoS::kExactlyOnce);
  Add("five", "granted", QoS::kAtMostOnce);
  Add("six", "new");
  EXPECT_THAT(
      table_.FiltersToAsk(),
      ElementsAre(
          Pair("refused", QoS::kAtLeastOnce),
          Pair("raised", QoS::kExactlyOnce),
          Pair("new", QoS::kAtLeastOnce)));
  table_.ReportAll(kLost);
  EXPECT_EQ(table_.FiltersToAsk().size(), 4u);
}

TEST_F(SubscriptionTableTest, ListsEachFilterOnceWithItsHighestQoS) {
  Add("one", "b", QoS::kAtMostOnce);
  Add("two", "a", QoS::kAtLeastOnce);
  Add("three", "b", QoS::kExactlyOnce);
  SubscriptionTable::Added gone = Add("four", "c");
  table_.Remove(gone.id);
  EXPECT_THAT(
      table_.FiltersToAsk(),
      ElementsAre(Pair("b", QoS::kExactlyOnce), Pair("a", QoS::kAtLeastOnce)));
}

TEST_F(SubscriptionTableTest, ReportsToAllOfAFilter) {
  Add("one", "a");
  Add("two", "a");
  Add("other", "b");
  table_.Report("a", absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("one granted", "two granted"));
  table_.ReportAll(kLost);
  EXPECT_THAT(Heard(), ElementsAre("one lost", "two lost", "other lost"));
}

TEST_F(SubscriptionTableTest, TellsThoseThatJoinAGrantedFilterOnce) {
  Add("first", "a");
  EXPECT_FALSE(Add("early", "a").granted);
  table_.Report("a", absl::OkStatus());
  Heard();
  EXPECT_TRUE(Add("late", "a").granted);
  table_.ReportJoined();
  EXPECT_THAT(Heard(), ElementsAre("late granted"));
  table_.ReportJoined();
  EXPECT_THAT(Heard(), IsEmpty());
}

TEST_F(SubscriptionTableTest, DoesNotTellThemOnceTheConnectionIsLost) {
  Add("first", "a");
  table_.Report("a", absl::OkStatus());
  Add("late", "a");
  table_.ReportAll(kLost);
  Heard();
  table_.ReportJoined();
  EXPECT_THAT(Heard(), IsEmpty());
  EXPECT_FALSE(Add("later", "a").granted);
}

TEST_F(SubscriptionTableTest, CallbacksMayBeEmpty) {
  table_.Add({.filter = "a", .on_message = [](Message) {}});
  table_.Report("a", absl::OkStatus());
  table_.ReportAll(kLost);
}

TEST_F(SubscriptionTableTest, OneMayRemoveItselfAndTheNext) {
  std::map<std::string, SubscriptionTable::Id> ids;
  for (const char* name : {"one", "two", "three"}) ids[name] = Add(name, "a").id;
  then_ = [&](const std::string& name) {
    if (name != "one") return;
    EXPECT_EQ(table_.Remove(ids["one"]), std::nullopt);
    EXPECT_EQ(table_.Remove(ids["two"]), std::nullopt);
  };
  Dispatch("a");
  EXPECT_THAT(Heard(), ElementsAre("one:x", "three:x"));
  Dispatch("a");
  EXPECT_THAT(Heard(), ElementsAre("three:x"));
}

TEST_F(SubscriptionTableTest, AllMayBeRemovedAmongThem) {
  std::vector<SubscriptionTable::Id> ids;
  for (const char* name : {"one", "two", "three"}) ids.push_back(Add(name, "a").id);
  std::vector<std::string> gone;
  then_ = [&](const std::string&) {
    for (SubscriptionTable::Id id : ids) {
      if (std::optional<std::string> filter = table_.Remove(id)) gone.push_back(*filter);
    }
  };
  Dispatch("a");
  EXPECT_THAT(Heard(), ElementsAre("one:x"));
  EXPECT_THAT(gone, ElementsAre("a"));
  EXPECT_THAT(table_.FiltersToAsk(), IsEmpty());
}

TEST_F(SubscriptionTableTest, WhatIsAddedMeanwhileGetsTheNextMessage) {
  Add("one", "a");
  then_ = [&](const std::string& name) {
    for (int i = 0; name == "one" && i < 100; ++i) Add("new", "a");
    then_ = nullptr;
  };
  Dispatch("a");
  EXPECT_THAT(Heard(), ElementsAre("one:x"));
  Dispatch("a");
  EXPECT_EQ(Heard().size(), 101u);
}

TEST_F(SubscriptionTableTest, AndSoInReports) {
  std::map<std::string, SubscriptionTable::Id> ids;
  for (const char* name : {"one", "two", "three"}) ids[name] = Add(name, "a").id;
  then_ = [&](const std::string& name) {
    if (name != "one") return;
    table_.Remove(ids["one"]);
    table_.Remove(ids["two"]);
    Add("new", "a");
  };
  table_.Report("a", absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("one granted", "three granted"));
  table_.ReportAll(kLost);
  EXPECT_THAT(Heard(), UnorderedElementsAre("three lost", "new lost"));
}

TEST_F(SubscriptionTableTest, DestroysCallbacksAsSoonAsTheyDoNotRun) {
  auto token = std::make_shared<int>();
  auto id = std::make_shared<SubscriptionTable::Id>();
  *id = table_
            .Add(
                {.filter = "a",
                 .on_message =
                     [this, token, id](Message) {
                       table_.Remove(*id);
                       EXPECT_EQ(token.use_count(), 2);
                     }})
            .id;
  Dispatch("a");
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(SubscriptionTableTest, WhatACallbackHoldsMayComeBackAsItIsDestroyed) {
  SubscriptionTable::Id other = Add("other", "b").id;
  std::shared_ptr<int> guard(new int(), [this, other](int* number) {
    delete number;
    table_.Remove(other);
    Add("new", "c");
  });
  SubscriptionTable::Id id = table_.Add({.filter = "a", .on_message = [guard](Message) {}}).id;
  guard.reset();
  EXPECT_EQ(table_.Remove(id), "a");
  EXPECT_THAT(table_.FiltersToAsk(), ElementsAre(Pair("c", QoS::kAtLeastOnce)));
}

}  // namespace
}  // namespace mqrpc::internal

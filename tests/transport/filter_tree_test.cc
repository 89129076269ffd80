#include "filter_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "topic.h"

namespace mqrpc::internal {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

std::vector<int> Found(const FilterTree<int>& tree, const std::string& topic) {
  std::vector<int> found;
  tree.ForEachOf(topic, [&found](int value) { found.push_back(value); });
  return found;
}

TEST(FilterTree, FindsEachFilterOnceForEachTimeItWasAdded) {
  FilterTree<int> tree;
  tree.Add("a/b", 1);
  tree.Add("a/b", 1);
  tree.Add("a/+", 2);
  tree.Add("a/#", 3);
  EXPECT_THAT(Found(tree, "a/b"), UnorderedElementsAre(1, 1, 2, 3));
  tree.Remove("a/b", 1);
  EXPECT_THAT(Found(tree, "a/b"), UnorderedElementsAre(1, 2, 3));
  EXPECT_THAT(Found(tree, "a"), UnorderedElementsAre(3));
}

TEST(FilterTree, RemovesOnlyWhatWasAdded) {
  FilterTree<int> tree;
  tree.Add("a/+/c", 1);
  for (const char* filter : {"a", "a/+", "a/b/c", "a/+/c/d", "a/+/+", "#", "a/#", ""}) {
    tree.Remove(filter, 1);
  }
  tree.Remove("a/+/c", 2);
  EXPECT_THAT(Found(tree, "a/b/c"), UnorderedElementsAre(1));
  tree.Remove("a/+/c", 1);
  EXPECT_THAT(Found(tree, "a/b/c"), IsEmpty());
}

// Topics and filters of few levels and few letters, so that many match; `+` and `#` in a topic are
// what only a broker gone wrong sends.
class Words {
 public:
  std::string Next() {
    static constexpr const char* kLevels[] = {"a", "b", "", "$s", "+", "#"};
    std::string word;
    int levels = 1 + Below(4);
    for (int i = 0; i < levels; ++i) {
      std::string level = kLevels[Below(6)];
      word += (i > 0 ? "/" : "") + level;
      if (level == "#") break;
    }
    return word;
  }
  int Below(int bound) { return static_cast<int>(random_() % bound); }

 private:
  std::mt19937 random_{7};
};

TEST(FilterTree, AgreesWithTopicMatches) {
  Words words;
  FilterTree<int> tree;
  std::vector<std::pair<std::string, int>> filters;
  for (int round = 0; round < 3'000; ++round) {
    if (filters.size() < 40 || words.Below(2) == 0) {
      filters.emplace_back(words.Next(), round);
      tree.Add(filters.back().first, round);
    } else {
      size_t at = words.Below(static_cast<int>(filters.size()));
      tree.Remove(filters[at].first, filters[at].second);
      filters.erase(filters.begin() + at);
    }
    std::string topic = words.Next();
    std::vector<int> matches;
    for (const auto& [filter, value] : filters) {
      if (TopicMatches(filter, topic)) matches.push_back(value);
    }
    ASSERT_THAT(Found(tree, topic), UnorderedElementsAreArray(matches)) << topic;
  }
}

}  // namespace
}  // namespace mqrpc::internal

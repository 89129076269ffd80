#ifndef MQRPC_FILTER_TREE_H_
#define MQRPC_FILTER_TREE_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "text.h"

namespace mqrpc::internal {

// Values by topic filter, found by the topics that match it, as TopicMatches says, in a time that
// depends on the levels of the topic and not on how many filters there are. Filters have no
// `$share` in front. Not thread-safe.
template <class T>
class FilterTree {
 public:
  void Add(std::string_view filter, T value) {
    Node* node = &root_;
    for (size_t at = 0; at <= filter.size();) {
      std::string_view level = LevelAt(filter, at);
      if (level == "#") return node->beneath.push_back(std::move(value));
      std::unique_ptr<Node>& child = level == "+" ? node->any : node->children[std::string(level)];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
      at += level.size() + 1;
    }
    node->here.push_back(std::move(value));
  }

  // One that was added with that filter.
  void Remove(std::string_view filter, const T& value) { Remove(root_, filter, 0, value); }

  // Calls `visit` with each value whose filter matches.
  template <class Visit>
  void ForEachOf(std::string_view topic, const Visit& visit) const {
    if (!topic.empty()) ForEachOf(root_, topic, 0, visit);
  }

 private:
  struct Node {
    std::vector<T> here = {};
    std::vector<T> beneath = {};     // `#`
    std::unique_ptr<Node> any = {};  // `+`
    absl::flat_hash_map<std::string, std::unique_ptr<Node>> children = {};

    bool empty() const {
      return here.empty() && beneath.empty() && any == nullptr && children.empty();
    }
  };

  // A topic whose last level was taken goes on behind its end.
  static std::string_view LevelAt(std::string_view topic, size_t at) {
    return topic.substr(at, topic.find('/', at) - at);
  }

  static void EraseOne(std::vector<T>& values, const T& value) {
    auto found = std::find(values.begin(), values.end(), value);
    if (found != values.end()) values.erase(found);
  }

  static void Remove(Node& node, std::string_view filter, size_t at, const T& value) {
    if (at > filter.size()) return EraseOne(node.here, value);
    std::string_view level = LevelAt(filter, at);
    size_t next = at + level.size() + 1;
    if (level == "#") {
      EraseOne(node.beneath, value);
    } else if (level == "+") {
      if (node.any == nullptr) return;
      Remove(*node.any, filter, next, value);
      if (node.any->empty()) node.any = nullptr;
    } else if (auto child = node.children.find(View(level)); child != node.children.end()) {
      Remove(*child->second, filter, next, value);
      if (child->second->empty()) node.children.erase(child);
    }
  }

  template <class Visit>
  static void ForEachOf(const Node& node, std::string_view topic, size_t at, const Visit& visit) {
    bool takes_wildcards = at > 0 || topic.front() != '$';
    if (takes_wildcards) {
      for (const T& value : node.beneath) visit(value);
    }
    if (at > topic.size()) {
      for (const T& value : node.here) visit(value);
      return;
    }
    std::string_view level = LevelAt(topic, at);
    size_t next = at + level.size() + 1;
    auto child = node.children.find(View(level));
    if (child != node.children.end()) ForEachOf(*child->second, topic, next, visit);
    if (takes_wildcards && node.any != nullptr) ForEachOf(*node.any, topic, next, visit);
  }

  Node root_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_FILTER_TREE_H_

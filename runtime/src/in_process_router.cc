#include "in_process_router.h"

#include <algorithm>
#include <utility>

#include "topic.h"

namespace mqrpc::internal {

void InProcessRouter::Subscribe(Link link, const std::string& filter, QoS qos) {
  auto [found, is_new] = routes_.try_emplace(filter);
  Route& route = found->second;
  if (is_new) {
    FilterParts parts = SplitShared(filter);
    route = {.filter = filter, .is_shared = !parts.group.empty()};
    by_topic_.Add(parts.filter, &route);
  }
  for (Target& target : route.targets) {
    if (target.link != link) continue;
    target.qos = qos;
    return;
  }
  route.targets.push_back({.link = std::move(link), .qos = qos});
}

void InProcessRouter::Unsubscribe(const Link& link, std::string_view filter) {
  auto found = routes_.find(filter);
  if (found != routes_.end()) Remove(found->second, link);
}

void InProcessRouter::Remove(const Link& link) {
  for (auto next = routes_.begin(); next != routes_.end();) Remove((next++)->second, link);
}

void InProcessRouter::Remove(Route& route, const Link& link) {
  std::erase_if(route.targets, [&link](const Target& target) { return target.link == link; });
  if (!route.targets.empty()) return;
  by_topic_.Remove(SplitShared(route.filter).filter, &route);
  routes_.erase(routes_.find(route.filter));
}

std::vector<InProcessRouter::Target> InProcessRouter::TargetsOf(std::string_view topic) {
  std::vector<Target> found;
  by_topic_.ForEachOf(topic, [&found](Route* route) {
    if (!route->is_shared) {
      found.insert(found.end(), route->targets.begin(), route->targets.end());
      return;
    }
    found.push_back(route->targets.front());
    std::rotate(route->targets.begin(), route->targets.begin() + 1, route->targets.end());
  });
  return found;
}

void InProcessRouter::Retain(const Message& message) {
  if (message.payload.empty()) {
    retained_.erase(message.topic);
  } else {
    retained_[message.topic] = message;
  }
}

std::vector<Message> InProcessRouter::RetainedFor(std::string_view filter) const {
  std::vector<Message> found;
  for (const auto& [topic, message] : retained_) {
    if (TopicMatches(filter, topic)) found.push_back(message);
  }
  return found;
}

}  // namespace mqrpc::internal

#include "in_process_router.h"

#include <algorithm>
#include <utility>

#include "topic.h"

namespace mqrpc::internal {

void InProcessRouter::Subscribe(Link link, const std::string& filter, QoS qos) {
  auto route = std::find_if(routes_.begin(), routes_.end(), [&filter](const Route& r) {
    return r.filter == filter;
  });
  if (route == routes_.end()) {
    bool is_shared = !SplitShared(filter).group.empty();
    route = routes_.insert(route, {.filter = filter, .is_shared = is_shared});
  }
  for (Target& target : route->targets) {
    if (target.link != link) continue;
    target.qos = qos;
    return;
  }
  route->targets.push_back({.link = std::move(link), .qos = qos});
}

void InProcessRouter::Unsubscribe(const Link& link, std::string_view filter) {
  for (Route& route : routes_) {
    if (route.filter != filter) continue;
    std::erase_if(route.targets, [&link](const Target& target) { return target.link == link; });
  }
  std::erase_if(routes_, [](const Route& route) { return route.targets.empty(); });
}

void InProcessRouter::Remove(const Link& link) {
  for (Route& route : routes_) {
    std::erase_if(route.targets, [&link](const Target& target) { return target.link == link; });
  }
  std::erase_if(routes_, [](const Route& route) { return route.targets.empty(); });
}

std::vector<InProcessRouter::Target> InProcessRouter::TargetsOf(std::string_view topic) {
  std::vector<Target> found;
  for (Route& route : routes_) {
    if (!TopicMatches(SplitShared(route.filter).filter, topic)) continue;
    if (!route.is_shared) {
      found.insert(found.end(), route.targets.begin(), route.targets.end());
      continue;
    }
    found.push_back(route.targets.front());
    std::rotate(route.targets.begin(), route.targets.begin() + 1, route.targets.end());
  }
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

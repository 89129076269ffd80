#include "routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "text.h"
#include "wire.h"
#include "wire_topics.h"

namespace mqrpc::internal {

std::shared_ptr<Route> Routes::Find(const RouteKey& key) {
  if (last_ == nullptr || !last_->IsOf(key)) last_ = Search(key);
  return last_;
}

std::shared_ptr<Route> Routes::Search(const RouteKey& key) {
  auto found = routes_.find(
      {View(key.service), View(key.method), View(key.instance), View(key.own_topic), key.qos});
  if (found != routes_.end()) return found->second;
  if (routes_.size() >= many_) ForgetIdle();
  auto route = std::make_shared<Route>(Route{
      .service_name = std::string(key.service),
      .method = std::string(key.method),
      .instance = std::string(key.instance),
      .own_topic = std::string(key.own_topic),
      .service = ServiceOf(key),
      .topic = TopicOf(key),
      .batch_topic = wire::BatchTopic(prefix_, key.service, key.method),
      .cancel_topic = wire::CancelTopic(prefix_, key.service),
      .qos = key.qos});
  Key own(
      View(route->service_name),
      View(route->method),
      View(route->instance),
      View(route->own_topic),
      key.qos);
  routes_.emplace(own, route);
  return route;
}

std::string Routes::TopicOf(const RouteKey& key) const {
  if (!key.own_topic.empty()) return std::string(key.own_topic);
  if (key.instance.empty()) return wire::RequestTopic(prefix_, key.service, key.method);
  return wire::InstanceTopic(prefix_, key.instance, key.service, key.method);
}

// An instance, or a topic, of which nothing is answered holds up no other.
std::shared_ptr<CalledService> Routes::ServiceOf(const RouteKey& key) {
  std::shared_ptr<CalledService>& called =
      services_[absl::StrCat(View(key.service), "/", View(key.instance), "/", View(key.own_topic))];
  if (called == nullptr) {
    called = std::make_shared<CalledService>(
        CalledService{.window = RequestWindow(max_unanswered_, calls_waiting_)});
  }
  return called;
}

void Routes::ForgetIdle() {
  last_ = nullptr;
  absl::erase_if(routes_, [](const auto& entry) { return entry.second.use_count() == 1; });
  absl::erase_if(services_, [](const auto& entry) { return entry.second.use_count() == 1; });
  many_ = std::max<size_t>(1'000, 2 * routes_.size());
}

void Routes::ForgetBatches() {
  for (const auto& [name, service] : services_) {
    service->most_in_batch = 1;
    service->most_bytes = wire::kMaxBatchBytes;
    service->asks_from = absl::InfinitePast();
  }
}

}  // namespace mqrpc::internal

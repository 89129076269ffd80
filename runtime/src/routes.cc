#include "routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "text.h"
#include "wire.h"

namespace mqrpc::internal {

std::shared_ptr<Route> Routes::Find(const RouteKey& key) {
  if (last_ == nullptr || !last_->IsOf(key)) last_ = Search(key);
  return last_;
}

std::shared_ptr<Route> Routes::Search(const RouteKey& key) {
  auto found = routes_.find({View(key.service), View(key.method), View(key.instance), key.qos});
  if (found != routes_.end()) return found->second;
  if (routes_.size() >= many_) ForgetIdle();
  bool is_named = !key.instance.empty();
  auto route = std::make_shared<Route>(Route{
      .service_name = std::string(key.service),
      .method = std::string(key.method),
      .instance = std::string(key.instance),
      .service = ServiceOf(key),
      .topic = is_named ? wire::InstanceTopic(prefix_, key.instance, key.service, key.method)
                        : wire::RequestTopic(prefix_, key.service, key.method),
      .batch_topic = wire::BatchTopic(prefix_, key.service, key.method),
      .cancel_topic = wire::CancelTopic(prefix_, key.service),
      .qos = key.qos});
  Key own(View(route->service_name), View(route->method), View(route->instance), key.qos);
  routes_.emplace(own, route);
  return route;
}

// An instance that does not answer holds up no other.
std::shared_ptr<CalledService> Routes::ServiceOf(const RouteKey& key) {
  std::shared_ptr<CalledService>& called =
      services_[absl::StrCat(View(key.service), "/", View(key.instance))];
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

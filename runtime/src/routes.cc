#include "routes.h"

#include <utility>

#include "batch.h"
#include "text.h"
#include "wire.h"

namespace mqrpc::internal {

Route& Routes::Find(std::string_view service, std::string_view method, QoS qos) {
  if (last_ == nullptr || !last_->IsOf(service, method, qos)) {
    last_ = &Search(service, method, qos);
  }
  return *last_;
}

Route& Routes::Search(std::string_view service, std::string_view method, QoS qos) {
  auto found = routes_.find({View(service), View(method), qos});
  if (found != routes_.end()) return *found->second;
  std::unique_ptr<CalledService>& called = services_[View(service)];
  if (called == nullptr) {
    called = std::make_unique<CalledService>(
        CalledService{.window = RequestWindow(max_unanswered_, calls_waiting_)});
  }
  auto route = std::make_unique<Route>(Route{
      .service_name = std::string(service),
      .method = std::string(method),
      .service = *called,
      .topic = wire::RequestTopic(prefix_, service, method),
      .batch_topic = wire::BatchTopic(prefix_, service, method),
      .cancel_topic = wire::CancelTopic(prefix_, service),
      .qos = qos});
  std::tuple key(View(route->service_name), View(route->method), qos);
  return *routes_.emplace(key, std::move(route)).first->second;
}

void Routes::ForgetBatches() {
  for (const auto& [name, service] : services_) {
    service->most_in_batch = 1;
    service->most_bytes = wire::kMaxBatchBytes;
    service->asks_from = absl::InfinitePast();
  }
}

}  // namespace mqrpc::internal

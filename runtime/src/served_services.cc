#include "served_services.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "from_now.h"
#include "text.h"
#include "topic.h"
#include "wire.h"
#include "wire_topics.h"

namespace mqrpc::internal {
namespace {

ServedService Made(ServiceDescriptor descriptor, size_t workers) {
  ServedService service = {.name = std::move(descriptor.name)};
  for (auto& [method, handler] : descriptor.methods) {
    service.methods[std::string(method.name)] = {
        .name = absl::StrCat(service.name, "/", View(method.name)),
        .handler = std::move(handler),
        .idempotency = method.idempotency,
        .runs_on = workers == 0 ? RunsOn::kConnection : method.runs_on,
        .responders = method.responders,
        .client_streaming = method.client_streaming,
        .server_streaming = method.server_streaming,
        .max_message_size = method.max_message_size,
        .topic = std::string(method.topic)};
  }
  return service;
}

template <class Predicate>
bool AnyMethod(const ServedService& service, const Predicate& predicate) {
  return std::any_of(service.methods.begin(), service.methods.end(), [&](const auto& entry) {
    return predicate(entry.second);
  });
}

bool HasBroadcasts(const ServedService& service) {
  return AnyMethod(service, [](const ServedMethod& method) {
    return method.responders == Responders::kMany && method.topic.empty();
  });
}

// Whether calls of it come where those of all services do.
bool HasCalls(const ServedService& service) {
  return AnyMethod(service, [](const ServedMethod& method) { return method.topic.empty(); });
}

}  // namespace

absl::Status ServedServices::Add(ServiceDescriptor descriptor) {
  if (Find(descriptor.name) != nullptr) {
    return absl::AlreadyExistsError(
        absl::StrCat("a service ", descriptor.name, " is registered already"));
  }
  auto served = std::make_unique<ServedService>(Made(std::move(descriptor), options_.workers));
  absl::StatusOr<Entrances> topics = TopicsOf(*served);
  if (!topics.ok()) return topics.status();
  if (absl::Status status = CheckTopics(*topics); !status.ok()) return status;
  std::move(topics->begin(), topics->end(), std::back_inserter(entrances_));
  services_.push_back(std::move(served));
  return absl::OkStatus();
}

// Once if the template does not begin with the prefix, else for each.
absl::StatusOr<ServedServices::Entrances> ServedServices::TopicsOf(
    const ServedService& service) const {
  Entrances entrances;
  for (const auto& [name, method] : service.methods) {
    if (method.topic.empty()) continue;
    bool has_prefix = method.topic.rfind(kPrefixToken, 0) == 0;
    for (const std::string& prefix : options_.prefixes) {
      if (!has_prefix && &prefix != &options_.prefixes.front()) break;
      absl::StatusOr<TopicTemplate> topic = TopicTemplate::Parse(method.topic, prefix);
      if (!topic.ok()) return topic.status();
      absl::StatusOr<std::string> filter = topic->Filter(options_.topic_tokens);
      if (!filter.ok()) return filter.status();
      auto entrance = std::make_unique<Entrance>();
      entrance->name = method.name;
      entrance->filter = *std::move(filter);
      entrance->prefix = &prefix;
      entrance->service = &service;
      entrance->method = &method;
      entrance->topic = *std::move(topic);
      entrance->is_broadcast = method.responders == Responders::kMany;
      entrances.push_back(std::move(entrance));
    }
  }
  return entrances;
}

absl::Status ServedServices::CheckTopics(const Entrances& more) const {
  std::vector<std::pair<std::string, std::string>> taken;  // filters, and whose they are
  for (const std::string& prefix : options_.prefixes) {
    for (std::string_view tree : wire::kTrees) {
      taken.emplace_back(absl::StrCat(prefix, "/", View(tree), "#"), "mqrpc itself");
    }
  }
  for (const auto& entrance : entrances_) taken.emplace_back(entrance->filter, entrance->name);
  for (const auto& entrance : more) {
    for (const auto& [filter, owner] : taken) {
      if (!FiltersOverlap(entrance->filter, filter)) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "the topics ",
          entrance->filter,
          " of ",
          entrance->name,
          " and ",
          filter,
          " of ",
          owner,
          " overlap: a request could be for both"));
    }
    taken.emplace_back(entrance->filter, entrance->name);
  }
  return absl::OkStatus();
}

Presence::Server ServedServices::Describe() const {
  Presence::Server server;
  for (const auto& service : services_) server.add_services(service->name);
  for (const std::string& instance : options_.instances) server.add_instances(instance);
  for (const std::string& prefix : options_.prefixes) server.add_prefixes(prefix);
  server.set_group(options_.group);
  return server;
}

const ServedService* ServedServices::Find(std::string_view service) const {
  auto found = std::find_if(services_.begin(), services_.end(), [service](const auto& served) {
    return served->name == service;
  });
  return found != services_.end() ? found->get() : nullptr;
}

bool ServedServices::has_streams() const {
  return std::any_of(services_.begin(), services_.end(), [](const auto& service) {
    return AnyMethod(*service, [](const ServedMethod& method) { return method.is_streaming(); });
  });
}

bool ServedServices::HasTopic(std::string_view topic) const {
  auto end = entrances_.begin() + own_topics_;
  return std::any_of(entrances_.begin(), end, [topic](const auto& entrance) {
    return TopicMatches(entrance->filter, topic);
  });
}

void ServedServices::Subscribe() {
  own_topics_ = entrances_.size();
  for (const std::string& prefix : options_.prefixes) {
    for (const auto& service : services_) {
      AddEntrances(*service, prefix);
      SubscribeToCancels(*service, prefix);
    }
    for (const std::string& instance : options_.instances) {
      auto entrance = std::make_unique<Entrance>();
      entrance->name = instance;
      entrance->filter = wire::InstanceFilter(prefix, instance);
      entrance->prefix = &prefix;
      entrance->instance = instance;
      entrances_.push_back(std::move(entrance));
    }
  }
  not_served_ = entrances_.size();
  for (const auto& entrance : entrances_) Subscribe(*entrance);
}

void ServedServices::AddEntrances(const ServedService& service, const std::string& prefix) {
  auto add = [&](std::string filter, bool is_broadcast) {
    auto entrance = std::make_unique<Entrance>();
    entrance->name = service.name;
    entrance->filter = std::move(filter);
    entrance->prefix = &prefix;
    entrance->service = &service;
    entrance->is_broadcast = is_broadcast;
    entrances_.push_back(std::move(entrance));
  };
  if (HasCalls(service)) add(wire::ServiceFilter(prefix, service.name), false);
  if (HasBroadcasts(service)) add(wire::BroadcastFilter(prefix, service.name), true);
}

// The callbacks need not hold the server alive, which unsubscribes before it goes.
void ServedServices::Subscribe(Entrance& entrance) {
  entrance.requests = transport_.Subscribe(
      {.filter = entrance.is_broadcast ? entrance.filter
                                       : wire::SharedFilter(options_.group, entrance.filter),
       .on_message = [this, &entrance](Message m) { events_.OnRequest(entrance, std::move(m)); },
       .on_state = [this, &entrance](const absl::Status& state) { OnState(entrance, state); }});
  bool is_of_all_methods = entrance.service != nullptr && entrance.method == nullptr;
  bool is_to_one = is_of_all_methods && !entrance.is_broadcast;
  if (is_to_one && options_.takes_batches) SubscribeToBatches(entrance);
}

// Where it is refused nobody is told to use it.
void ServedServices::SubscribeToBatches(Entrance& entrance) {
  const std::string& name = entrance.service->name;
  entrance.batches = transport_.Subscribe(
      {.filter = wire::SharedFilter(options_.group, wire::BatchFilter(*entrance.prefix, name)),
       .on_message = [this, &entrance](Message m) { events_.OnBatch(entrance, std::move(m)); },
       .on_state =
           [&entrance](const absl::Status& state) { entrance.takes_batches = state.ok(); }});
}

void ServedServices::SubscribeToCancels(const ServedService& service, const std::string& prefix) {
  auto on_state = [this, &service](const absl::Status& state) {
    if (!absl::IsPermissionDenied(state)) return;
    options_.log(
        LogLevel::kWarning,
        absl::StrCat(service.name, " does not hear of cancels: ", state.ToString()));
  };
  cancels_.push_back(transport_.Subscribe(
      {.filter = wire::CancelTopic(prefix, service.name),
       .on_message = [this](Message m) { events_.OnCancel(m); },
       .on_state = on_state}));
}

void ServedServices::OnState(Entrance& entrance, const absl::Status& state) {
  if (!state.ok()) {
    options_.log(
        LogLevel::kWarning,
        absl::StrCat(entrance.name, " is not served at present: ", state.ToString()));
  }
  if (!std::exchange(entrance.is_answered, true)) entrance.granted.set_value(state);
  bool was_served = std::exchange(entrance.is_served, state.ok());
  if (was_served == entrance.is_served) return;
  not_served_ = was_served ? not_served_ + 1 : not_served_ - 1;
  if (not_served_ == 0) events_.OnGranted();
}

absl::Status ServedServices::WaitUntilGranted(absl::Duration limit) {
  auto until = FromNow(limit);
  for (const auto& entrance : entrances_) {
    std::future<absl::Status> granted = entrance->granted.get_future();
    if (granted.wait_until(until) == std::future_status::timeout) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the broker has not granted the subscription for ",
          entrance->name,
          " within ",
          absl::FormatDuration(limit)));
    }
    if (absl::Status status = granted.get(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void ServedServices::Leave() {
  for (const auto& entrance : entrances_) {
    transport_.Leave(entrance->requests);
    transport_.Leave(entrance->batches);
    entrance->takes_batches = false;
  }
}

void ServedServices::Unsubscribe() {
  for (const auto& entrance : entrances_) {
    transport_.Unsubscribe(entrance->requests, nullptr);
    transport_.Unsubscribe(entrance->batches, nullptr);
  }
  for (Transport::SubscriptionId id : cancels_) transport_.Unsubscribe(id, nullptr);
}

}  // namespace mqrpc::internal

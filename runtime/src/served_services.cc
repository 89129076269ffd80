#include "served_services.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "from_now.h"
#include "text.h"
#include "wire.h"

namespace mqrpc::internal {

absl::Status ServedServices::Add(ServiceDescriptor descriptor) {
  for (const auto& served : services_) {
    if (served->name == descriptor.name) {
      return absl::AlreadyExistsError(
          absl::StrCat("a service ", descriptor.name, " is registered already"));
    }
  }
  auto served = std::make_unique<ServedService>();
  served->name = std::move(descriptor.name);
  for (auto& [method, handler] : descriptor.methods) {
    served->methods[std::string(method.name)] = {
        .name = absl::StrCat(served->name, "/", View(method.name)),
        .handler = std::move(handler),
        .idempotency = method.idempotency,
        .runs_on = options_.workers == 0 ? RunsOn::kConnection : method.runs_on};
  }
  services_.push_back(std::move(served));
  return absl::OkStatus();
}

void ServedServices::Subscribe() {
  for (const auto& service : services_) Subscribe(*service);
  for (const std::string& name : options_.instances) {
    instances_.push_back(std::make_unique<ServedInstance>(ServedInstance{.name = name}));
    Subscribe(*instances_.back());
  }
}

void ServedServices::Subscribe(ServedInstance& instance) {
  instance.requests = transport_.Subscribe(
      {.filter = wire::InstanceFilter(options_.group, options_.prefix, instance.name),
       .on_message =
           [this, &instance](Message m) {
             std::string_view name = wire::ServiceOf(m.topic);
             auto found =
                 std::find_if(services_.begin(), services_.end(), [name](const auto& service) {
                   return service->name == name;
                 });
             const ServedService* service = found != services_.end() ? found->get() : nullptr;
             events_.OnInstanceRequest(instance, service, std::move(m));
           },
       .on_state =
           [this, &instance](const absl::Status& state) {
             OnState(instance.name, instance.grant, state);
           }});
}

// The callbacks need not hold the server alive, which unsubscribes before it goes.
void ServedServices::Subscribe(ServedService& service) {
  service.requests = transport_.Subscribe(
      {.filter = wire::ServiceFilter(options_.group, options_.prefix, service.name),
       .on_message = [this, &service](Message m) { events_.OnRequest(service, std::move(m)); },
       .on_state =
           [this, &service](const absl::Status& state) {
             OnState(service.name, service.grant, state);
           }});
  service.cancels = transport_.Subscribe(
      {.filter = wire::CancelTopic(options_.prefix, service.name),
       .on_message = [this](Message m) { events_.OnCancel(m); },
       .on_state = [this, &service](const absl::Status& state) { OnCancels(service, state); }});
  if (!options_.takes_batches) return;
  // Where it is refused nobody is told to use it.
  service.batches = transport_.Subscribe(
      {.filter = wire::BatchFilter(options_.group, options_.prefix, service.name),
       .on_message = [this, &service](Message m) { events_.OnBatch(service, std::move(m)); },
       .on_state = [&service](const absl::Status& state) { service.takes_batches = state.ok(); }});
}

void ServedServices::OnState(const std::string& name, Grant& grant, const absl::Status& state) {
  if (!state.ok()) {
    options_.log(
        LogLevel::kWarning,
        absl::StrCat(name, " is not served at present: ", state.ToString()));
  }
  if (!std::exchange(grant.is_answered, true)) grant.status.set_value(state);
}

void ServedServices::OnCancels(const ServedService& service, const absl::Status& state) {
  if (!absl::IsPermissionDenied(state)) return;
  options_.log(
      LogLevel::kWarning,
      absl::StrCat(service.name, " does not hear of cancels: ", state.ToString()));
}

absl::Status ServedServices::WaitUntilGranted(absl::Duration limit) {
  auto until = FromNow(limit);
  std::vector<std::pair<const std::string*, Grant*>> awaited;
  for (const auto& service : services_) awaited.emplace_back(&service->name, &service->grant);
  for (const auto& instance : instances_) awaited.emplace_back(&instance->name, &instance->grant);
  for (auto& [name, grant] : awaited) {
    std::future<absl::Status> granted = grant->status.get_future();
    if (granted.wait_until(until) == std::future_status::timeout) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the broker has not granted the subscription for ",
          *name,
          " within ",
          absl::FormatDuration(limit)));
    }
    if (absl::Status status = granted.get(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void ServedServices::Leave() {
  for (const auto& service : services_) {
    transport_.Leave(service->requests);
    transport_.Leave(service->batches);
    service->takes_batches = false;
  }
  for (const auto& instance : instances_) transport_.Leave(instance->requests);
}

void ServedServices::Unsubscribe() {
  for (const auto& service : services_) {
    transport_.Unsubscribe(service->requests, nullptr);
    transport_.Unsubscribe(service->batches, nullptr);
    transport_.Unsubscribe(service->cancels, nullptr);
  }
  for (const auto& instance : instances_) transport_.Unsubscribe(instance->requests, nullptr);
}

}  // namespace mqrpc::internal

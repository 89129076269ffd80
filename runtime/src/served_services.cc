#include "served_services.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "from_now.h"
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
  for (ServiceDescriptor::Method& method : descriptor.methods) {
    served->methods[method.name] = {
        .name = absl::StrCat(served->name, "/", method.name),
        .handler = std::move(method.handler),
        .idempotency = method.idempotency,
        .runs_on = options_.workers == 0 ? RunsOn::kConnection : method.runs_on};
  }
  services_.push_back(std::move(served));
  return absl::OkStatus();
}

void ServedServices::Subscribe() {
  for (const auto& service : services_) Subscribe(*service);
}

// The callbacks need not hold the server alive, which unsubscribes before it goes.
void ServedServices::Subscribe(ServedService& service) {
  service.requests = transport_.Subscribe(
      {.filter = wire::ServiceFilter(options_.group, options_.prefix, service.name),
       .on_message = [this, &service](Message m) { events_.OnRequest(service, std::move(m)); },
       .on_state = [this, &service](const absl::Status& state) { OnRequests(service, state); }});
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

void ServedServices::OnRequests(ServedService& service, const absl::Status& state) {
  if (!state.ok()) {
    options_.log(
        LogLevel::kWarning,
        absl::StrCat(service.name, " is not served at present: ", state.ToString()));
  }
  if (!std::exchange(service.is_answered, true)) service.granted.set_value(state);
}

void ServedServices::OnCancels(const ServedService& service, const absl::Status& state) {
  if (!absl::IsPermissionDenied(state)) return;
  options_.log(
      LogLevel::kWarning,
      absl::StrCat(service.name, " does not hear of cancels: ", state.ToString()));
}

absl::Status ServedServices::WaitUntilGranted(absl::Duration limit) {
  auto until = FromNow(limit);
  for (const auto& service : services_) {
    std::future<absl::Status> granted = service->granted.get_future();
    if (granted.wait_until(until) == std::future_status::timeout) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the broker has not granted the subscription for ",
          service->name,
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
}

void ServedServices::Unsubscribe() {
  for (const auto& service : services_) {
    transport_.Unsubscribe(service->requests, nullptr);
    transport_.Unsubscribe(service->batches, nullptr);
    transport_.Unsubscribe(service->cancels, nullptr);
  }
}

}  // namespace mqrpc::internal

#include "sim_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "text.h"
#include "workload.h"

namespace mqrpc::simulation {
namespace {

ChannelOptions DrawOptions(World& world, SimLoop& loop, const std::string& name) {
  Random& random = world.random;
  ChannelOptions options;
  if (random.Chance(0.3)) options.max_outstanding_calls = 20 + random.Below(100);
  if (random.Chance(0.5)) options.max_batch_calls = 1 + random.Below(8);
  if (random.Chance(0.5)) options.max_unanswered = 1 + random.Below(30);
  if (random.Chance(0.2)) options.max_request_bytes = 10 + random.Below(200);
  if (random.Chance(0.5)) options.retries_per_hundred_calls = static_cast<int>(random.Below(100));
  if (random.Chance(0.5)) options.max_saved_retries = static_cast<int>(random.Below(20));
  if (random.Chance(0.5)) options.retry = Workload::DrawRetry(random);
  options.executor = &loop;
  options.log = [&world, name](LogLevel, std::string_view line) {
    world.history.Add(name, ": ", internal::View(line));
  };
  options.random = [&random] { return random.Next(); };
  return options;
}

SimTransport::Options TransportOptions(World& world, const std::string& name) {
  SimTransport::Options options = {.client_id = name, .max_queued = world.faults.client_queue};
  if (world.random.Chance(0.5)) {
    options.session_expiry = world.random.OfAnySize(absl::Milliseconds(100), absl::Minutes(1));
  }
  return options;
}

}  // namespace

SimClient::SimClient(World& world, SimBroker& broker, std::string name)
    : world_(world),
      name_(std::move(name)),
      loop_(world.MakeLoop()),
      options_(DrawOptions(world, loop_, name_)),
      transport_(world, loop_, broker, TransportOptions(world, name_)),
      channel_(MakeChannel()) {
  transport_.SetWatcher(*this);
}

std::unique_ptr<Channel> SimClient::MakeChannel() {
  return std::make_unique<Channel>(transport_, options_);
}

void SimClient::StartSoon(const Plan& plan) {
  loop_.Post([this, plan, is_calm = world_.faults.is_calm] { Start(plan, is_calm); });
}

void SimClient::Start(const Plan& plan, bool is_calm) {
  absl::Duration timeout = plan.options.timeout.value_or(options_.timeout);
  size_t number = world_.ledger.AddCall({
      .idempotency = plan.idempotency,
      .qos = plan.options.qos.value_or(options_.qos),
      .wait_for_ready = plan.options.wait_for_ready.value_or(options_.wait_for_ready),
      .may_retry = plan.options.retry.value_or(options_.retry).max_attempts > 1,
      .is_calm = is_calm,
      .is_probe = plan.is_probe,
      .handling = plan.handling,
      .loop = &loop_,
      .started = world_.Now(),
      .deadline = world_.Now() + timeout,
  });
  Method method = MethodOf(plan.idempotency);
  std::string within = absl::FormatDuration(timeout);
  world_.history
      .Add(name_, " starts call ", number, ", ", internal::View(method.name), " within ", within);
  calls_.push_back(number);
  Number request;
  request.set_value(number + 1);
  Call<Number> call = channel_->Start<Number>(method, request, plan.options);
  switch (plan.handling) {
    case Handling::kThen:
      return TakeResult(number, std::move(call));
    case Handling::kDetach:
      return call.Detach();
    default:
      return HandleLater(number, plan, std::move(call));
  }
}

void SimClient::TakeResult(size_t number, Call<Number> call) {
  call.Then([&world = world_, number](const absl::StatusOr<Number>& reply) {
    CallRecord& record = world.ledger.call(number);
    ++record.completions;
    record.completed = world.Now();
    if (reply.ok()) {
      record.result = reply->value() - 1;
    } else {
      record.result = reply.status();
    }
    world.history.Add("call ", number, " ends: ", reply.status().ToString());
  });
}

void SimClient::HandleLater(size_t number, const Plan& plan, Call<Number> call) {
  held_.emplace(number, std::move(call));
  loop_.RunAt(world_.Now() + plan.handled_after, [this, number] { HandleHeld(number); });
}

void SimClient::HandleHeld(size_t number) {
  Call<Number> call = std::move(held_.extract(number).mapped());
  CallRecord& record = world_.ledger.call(number);
  record.taken = world_.Now();
  if (record.handling == Handling::kThenLate) return TakeResult(number, std::move(call));
  record.cancelled = world_.Now();
  if (record.handling == Handling::kDrop) return world_.history.Add("call ", number, " is dropped");
  world_.history.Add("call ", number, " is cancelled");
  call.Cancel();
  TakeResult(number, std::move(call));
}

void SimClient::OnSent(const Message& request) {
  if (!internal::wire::IsBatch(request)) return OnSent(CallOf(request.payload));
  for (const auto& batched : internal::wire::DecodeRequests(request)) {
    OnSent(CallOf(batched.frame.payload));
  }
}

void SimClient::OnSent(size_t number) {
  if (number >= world_.ledger.calls().size()) return;
  CallRecord& call = world_.ledger.call(number);
  call.sent = std::min(call.sent, world_.Now());
  call.lost = absl::InfiniteFuture();
  world_.history.Add("call ", number, " is sent");
}

void SimClient::OnLoss() {
  for (size_t number : calls_) {
    CallRecord& call = world_.ledger.call(number);
    call.lost = std::min(call.lost, world_.Now());
  }
}

void SimClient::RenewSoon() {
  loop_.Post([this] { Renew(); });
}

void SimClient::Renew() {
  world_.history.Add(name_, " makes a new channel");
  for (size_t number : std::exchange(calls_, {})) {
    world_.ledger.call(number).channel_gone = world_.Now();
  }
  if (world_.random.Chance(0.5)) channel_ = nullptr;
  channel_ = MakeChannel();
}

}  // namespace mqrpc::simulation

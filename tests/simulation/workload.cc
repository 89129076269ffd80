#include "workload.h"

namespace mqrpc::simulation {
namespace {

constexpr double kBursts = 0.05;
constexpr size_t kBurst = 40;

// If nothing goes wrong.
constexpr absl::Duration kPlenty = absl::Seconds(20);

}  // namespace

Workload::Workload(World& world, Clients& clients, size_t calls)
    : world_(world),
      clients_(clients),
      left_(calls),
      pause_(world.random.OfAnySize(absl::Milliseconds(5), absl::Milliseconds(200))) {
  world_.loop.Post([this] { Go(); });
}

void Workload::Go() {
  if (left_ == 0) return;
  size_t burst = world_.random.Chance(kBursts) ? 1 + world_.random.Below(kBurst) : 1;
  for (; burst > 0 && left_ > 0; --burst, --left_) {
    clients_[world_.random.Below(clients_.size())]->StartSoon(DrawPlan());
  }
  world_.loop.RunAt(world_.Soon(2 * pause_), [this] { Go(); });
}

SimClient::Plan Workload::DrawPlan() {
  return {
      .idempotency = static_cast<Idempotency>(world_.random.Below(3)),
      .options = DrawOptions(),
      .handling = DrawHandling(),
      .handled_after = world_.random.OfAnySize(absl::Milliseconds(1), absl::Seconds(5))};
}

RetryPolicy Workload::DrawRetry(Random& random) {
  RetryPolicy retry;
  retry.max_attempts = 1 + static_cast<int>(random.Below(6));
  retry.initial_backoff = random.OfAnySize(absl::Milliseconds(1), absl::Milliseconds(300));
  retry.max_backoff = retry.initial_backoff * static_cast<double>(1 + random.Below(10));
  if (random.Chance(0.5)) {
    retry.attempt_timeout = random.OfAnySize(absl::Milliseconds(5), absl::Seconds(5));
  }
  return retry;
}

Handling Workload::DrawHandling() {
  if (world_.random.Chance(0.8)) return Handling::kThen;
  constexpr Handling kOthers[] = {
      Handling::kThenLate,
      Handling::kCancel,
      Handling::kDrop,
      Handling::kDetach};
  return kOthers[world_.random.Below(std::size(kOthers))];
}

CallOptions Workload::DrawOptions() {
  CallOptions options;
  options.timeout = world_.random.OfAnySize(absl::Milliseconds(1), absl::Seconds(20));
  if (world_.faults.is_calm && world_.random.Chance(0.5)) options.timeout = kPlenty;
  if (world_.random.Chance(0.3)) options.qos = static_cast<QoS>(world_.random.Below(3));
  if (world_.random.Chance(0.5)) options.wait_for_ready = world_.random.Chance(0.5);
  if (world_.random.Chance(0.5)) {
    options.retry = DrawRetry(world_.random);
  }
  return options;
}

SimClient::Plan Workload::Probe(Idempotency idempotency) {
  return {.idempotency = idempotency, .options = {.timeout = absl::Seconds(10)}, .is_probe = true};
}

}  // namespace mqrpc::simulation

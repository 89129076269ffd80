#include "faults.h"

namespace mqrpc::simulation {
namespace {

constexpr double kCalm = 0.05;
constexpr double kOrderly = 0.05;
constexpr double kBusy = 0.25;

// Servers that forget replies that may still be asked for.
constexpr double kForgetful = 0.2;

double OftenNone(Random& random, double most) {
  return random.Chance(0.5) ? 0 : most * static_cast<double>(1 + random.Below(100)) / 100;
}

absl::Duration OftenNever(Random& random) {
  if (random.Chance(0.5)) return absl::InfiniteDuration();
  return random.OfAnySize(absl::Milliseconds(300), absl::Seconds(20));
}

size_t OftenMany(Random& random, size_t least) {
  return random.Chance(0.5) ? 1000 : least + random.Below(50);
}

}  // namespace

Faults Faults::Draw(Random& random) {
  Faults faults;
  faults.max_delay = random.OfAnySize(absl::Milliseconds(1), absl::Milliseconds(100));
  faults.keeps_order = random.Chance(0.5);
  faults.loss = OftenNone(random, 0.3);
  faults.duplicate = OftenNone(random, 0.3);
  faults.refused = OftenNone(random, 0.1);
  faults.cut_every = OftenNever(random);
  faults.max_unnoticed = random.OfAnySize(absl::Milliseconds(1), absl::Seconds(5));
  faults.max_reconnect = random.OfAnySize(absl::Milliseconds(1), absl::Seconds(3));
  faults.stall_every = OftenNever(random);
  faults.max_stall = random.OfAnySize(absl::Milliseconds(10), absl::Seconds(5));
  faults.broker_restart_every = OftenNever(random) * 2;
  faults.crash_every = OftenNever(random);
  faults.shutdown_every = OftenNever(random);
  faults.grace = random.OfAnySize(absl::Milliseconds(10), absl::Seconds(10));
  faults.renewal_every = OftenNever(random);
  faults.pause_every = OftenNever(random);
  faults.max_pause = random.OfAnySize(absl::Milliseconds(5), absl::Seconds(8));
  faults.max_downtime = random.OfAnySize(absl::Milliseconds(10), absl::Seconds(5));
  faults.max_wake_up = random.OfAnySize(absl::Microseconds(1), absl::Milliseconds(10));
  faults.slow = OftenNone(random, 0.5);
  faults.max_handling = random.OfAnySize(absl::Milliseconds(10), absl::Seconds(5));
  faults.fails = OftenNone(random, 0.2);
  faults.forgets = OftenNone(random, 0.05);
  faults.crashes = OftenNone(random, 0.02);
  faults.broker_queue = OftenMany(random, 10);
  faults.client_queue = OftenMany(random, 10);
  faults.server_queue = OftenMany(random, 10);
  faults.in_flight = 1 + random.Below(20);
  faults.workers = random.Chance(0.5) ? 0 : 1 + random.Below(4);
  faults.queued_calls = OftenMany(random, 1);
  if (random.Chance(kForgetful)) {
    faults.kept_replies = random.Below(30);
    faults.kept_reply_bytes = 500 + random.Below(10'000);
  }
  if (random.Chance(kCalm)) return faults.Calm();
  if (random.Chance(kOrderly)) return faults.Orderly(random);
  return random.Chance(kBusy) ? faults.Busy(random) : faults;
}

// Few workers with much to do, and often shut down before they have done it: refusals.
Faults Faults::Busy(Random& random) const {
  Faults busy = *this;
  busy.max_delay = random.OfAnySize(absl::Milliseconds(10), absl::Milliseconds(100));
  busy.duplicate = 0.5;
  busy.shutdown_every = random.OfAnySize(absl::Milliseconds(200), absl::Seconds(2));
  busy.grace = random.OfAnySize(absl::Milliseconds(1), absl::Milliseconds(100));
  busy.max_downtime = random.OfAnySize(absl::Milliseconds(10), absl::Milliseconds(500));
  busy.queued_calls = 1000;
  busy.workers = 1 + random.Below(2);
  busy.answers_later = 0;
  busy.slow = 0.5;
  busy.max_handling = random.OfAnySize(absl::Milliseconds(10), absl::Milliseconds(500));
  return busy;
}

// Calm, but for servers that are shut down, and have the time for it.
Faults Faults::Orderly(Random& random) const {
  Faults orderly = Calm();
  orderly.shutdown_every = random.OfAnySize(absl::Milliseconds(300), absl::Seconds(5));
  orderly.max_downtime = max_downtime;
  orderly.keeps_order = true;
  orderly.slow = workers == 0 ? 0 : 0.05;  // a shutdown does not wait for what has no worker
  orderly.max_handling = absl::Milliseconds(200);
  orderly.answers_later = 0;
  orderly.broker_queue = 1000;
  orderly.in_flight = 10 + in_flight;
  return orderly;
}

Faults Faults::Calm() const {
  Faults calm;
  calm.is_calm = true;
  calm.max_delay = max_delay;
  calm.keeps_order = keeps_order;
  calm.max_wake_up = max_wake_up;
  calm.broker_queue = broker_queue;
  calm.client_queue = client_queue;
  calm.server_queue = server_queue;
  calm.in_flight = in_flight;
  calm.workers = workers;
  calm.queued_calls = queued_calls;
  calm.kept_replies = kept_replies;
  calm.kept_reply_bytes = kept_reply_bytes;
  return calm;
}

}  // namespace mqrpc::simulation

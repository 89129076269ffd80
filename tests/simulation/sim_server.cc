#include "sim_server.h"

#include "absl/strings/str_cat.h"
#include "text.h"

namespace mqrpc::simulation {

namespace {

std::shared_ptr<SimWorkers> MakeWorkers(World& world, SimLoop& loop) {
  if (world.faults.workers == 0) return nullptr;
  return SimWorkers::ForNextPool() = std::make_shared<SimWorkers>(world, loop);
}

}  // namespace

SimServer::Process::Process(SimServer& owner, uint64_t start)
    : number(start),
      loop(owner.world_.MakeLoop()),
      workers(MakeWorkers(owner.world_, loop)),
      transport(
          owner.world_,
          loop,
          owner.broker_,
          {.client_id = owner.name_, .max_queued = owner.world_.faults.server_queue}),
      service(
          owner.world_,
          loop,
          workers.get(),
          start,
          {.crash = [&owner] { owner.Crash(); },
           .evictions = [this] { return core->stats().replies_evicted; }}),
      core(std::make_shared<internal::ServerCore>(transport, owner.Options())),
      drain(owner.world_, loop, *core, workers.get(), [&owner, start] { owner.EndSoon(start); }) {
  transport.SetWatcher(service);
}

SimServer::Process::~Process() {
  drain.Abort();
  if (workers != nullptr) workers->Die();
}

ServerOptions SimServer::Options() {
  const Faults& faults = world_.faults;
  ServerOptions options;
  options.workers = faults.workers;
  options.max_queued_calls = faults.queued_calls;
  options.max_kept_replies = faults.kept_replies;
  options.takes_batches = world_.random.Chance(0.7);
  options.max_kept_reply_bytes = faults.kept_reply_bytes;
  options.log = [this](LogLevel, std::string_view line) {
    world_.history.Add(name_, ": ", internal::View(line));
  };
  return options;
}

void SimServer::Start() {
  if (process_ != nullptr) return;
  process_ = std::make_unique<Process>(*this, ++world_.server_starts);
  world_.history.Add(name_, " starts as server ", process_->number);
  absl::Status status = process_->core->Register(process_->service);
  if (status.ok()) status = process_->core->Start(absl::ZeroDuration());
  if (!status.ok()) world_.ledger.Complain(absl::StrCat(name_, ": ", status.ToString()));
}

void SimServer::StartLater() {
  world_.loop.RunAt(world_.Soon(world_.faults.max_downtime), [this] { Start(); });
}

void SimServer::Crash() {
  if (process_ == nullptr) return;
  world_.loop.Post([this, number = process_->number] {
    if (!IsRunning(number)) return;
    world_.history.Add(name_, " crashes");
    process_->transport.Die();
    process_ = nullptr;
    StartLater();
  });
}

void SimServer::ShutdownSoon() {
  if (process_ == nullptr) return;
  process_->loop.Post([this, number = process_->number] {
    if (IsRunning(number) && !process_->is_ending) Shutdown();
  });
}

void SimServer::Shutdown() {
  process_->is_ending = true;
  world_.history.Add(name_, " shuts down");
  process_->drain.Begin(world_.faults.grace);
}

void SimServer::EndSoon(uint64_t number) {
  world_.loop.Post([this, number] {
    if (IsRunning(number)) End();
  });
}

void SimServer::End() {
  world_.history.Add(name_, " ends");
  if (process_->drain.is_drained()) CheckDrained();
  process_ = nullptr;
  StartLater();
}

void SimServer::CheckIdle() const {
  if (process_ == nullptr) return;
  bool is_idle = process_->drain.is_idle() && process_->service.running() == 0 &&
                 process_->transport.under_way() == 0 &&
                 (process_->workers == nullptr || process_->workers->is_idle());
  if (!is_idle) world_.ledger.Complain(absl::StrCat(name_, " still holds something"));
}

// All that came has been answered, unless its time was over, or by a handler that will do it later;
// and all has come, if the broker keeps the order.
void SimServer::CheckDrained() {
  size_t waiting = broker_.CountWaiting(name_);
  bool has_all = process_->service.has_marker() && world_.faults.keeps_order;
  if (has_all && waiting > 0) {
    world_.ledger.Complain(
        absl::StrCat(name_, " was shut down, and the broker has ", waiting, " requests for it"));
  }
  ServerStats stats = process_->core->stats();
  uint64_t ended =
      stats.calls_answered + stats.calls_expired + stats.calls_cancelled + stats.repeated_requests;
  if (stats.calls_received <= ended + process_->service.running()) return;
  world_.ledger.Complain(absl::StrCat(
      name_,
      " was shut down: calls_received is ",
      stats.calls_received,
      ", and only ",
      ended,
      " have ended"));
}

}  // namespace mqrpc::simulation

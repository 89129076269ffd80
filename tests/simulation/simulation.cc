#include "simulation.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mqrpc::simulation {
namespace {

// Until everybody is back, and nothing of what went wrong is left.
constexpr absl::Duration kRecovery = absl::Seconds(40);

constexpr absl::Duration kBetweenProbes = absl::Seconds(1);

// No call takes longer.
constexpr absl::Duration kEnd = absl::Seconds(30);

}  // namespace

Simulation::Simulation(uint64_t seed, size_t calls, bool keeps_history)
    : world_(seed, keeps_history), broker_(world_), calls_(calls) {
  size_t servers = 1 + world_.random.Below(4);
  size_t clients = 1 + world_.random.Below(4);
  for (size_t i = 0; i < servers; ++i) {
    servers_.push_back(std::make_unique<SimServer>(world_, broker_, absl::StrCat("server-", i)));
  }
  for (size_t i = 0; i < clients; ++i) {
    clients_.push_back(std::make_unique<SimClient>(world_, broker_, absl::StrCat("client-", i)));
  }
}

Simulation::~Simulation() = default;

std::vector<std::string> Simulation::Run() {
  Workload workload(world_, clients_, calls_);
  {
    Chaos chaos(world_);
    MakeTrouble(chaos);
    while (!workload.is_done()) world_.loop.Advance(absl::Seconds(1));
  }
  world_.history.Add("nothing goes wrong from here on");
  world_.faults = world_.faults.Calm();
  world_.loop.Advance(kRecovery);
  Probe();
  world_.loop.Advance(kEnd);
  CheckClients();
  for (const auto& server : servers_) server->CheckIdle();
  return CheckInvariants(world_.ledger, world_.faults);
}

void Simulation::MakeTrouble(Chaos& chaos) {
  const Faults& faults = world_.faults;
  chaos.Repeat(faults.cut_every, [this] {
    if (SimTransport* transport = PickTransport()) transport->Cut();
  });
  chaos.Repeat(faults.stall_every, [this] {
    if (SimTransport* transport = PickTransport()) transport->Stall();
  });
  chaos.Repeat(faults.broker_restart_every, [this] { StopBroker(); });
  chaos.Repeat(faults.pause_every, [this] { Pause(); });
  chaos.Repeat(faults.crash_every, [this] { PickServer().Crash(); });
  chaos.Repeat(faults.shutdown_every, [this] { PickServer().ShutdownSoon(); });
  chaos.Repeat(faults.renewal_every, [this] { PickClient().RenewSoon(); });
}

void Simulation::StopBroker() {
  bool loses_sessions = world_.random.Chance(0.5);
  world_.history.Add("the broker stops", loses_sessions ? ", and loses all sessions" : "");
  broker_.Stop(loses_sessions);
  world_.loop.RunAt(world_.Soon(world_.faults.max_downtime), [this] {
    world_.history.Add("the broker starts");
    broker_.Start();
  });
}

// A process, or all of them at once, as when their machine sleeps.
void Simulation::Pause() {
  absl::Time until = world_.Soon(world_.faults.max_pause);
  std::vector<SimLoop*> loops;
  for (const auto& client : clients_) loops.push_back(&client->loop());
  for (const auto& server : servers_) {
    if (server->loop() != nullptr) loops.push_back(server->loop());
  }
  if (!world_.random.Chance(world_.faults.pauses_all)) {
    loops = {loops[world_.random.Below(loops.size())]};
  }
  world_.history.Add(loops.size(), " processes are held up until ", absl::FormatTime(until));
  for (SimLoop* loop : loops) loop->Pause(until);
}

SimTransport* Simulation::PickTransport() {
  if (world_.random.Chance(0.5)) return &PickClient().transport();
  return PickServer().transport();
}

void Simulation::Probe() {
  for (const auto& client : clients_) {
    for (Idempotency idempotency :
         {Idempotency::kUnknown, Idempotency::kIdempotent, Idempotency::kNoSideEffects}) {
      client->StartSoon(Workload::Probe(idempotency));
      world_.loop.Advance(kBetweenProbes);  // no more at once than the smallest queue takes
    }
  }
}

void Simulation::CheckClients() {
  for (const auto& client : clients_) {
    const std::string& name = client->transport().client_id();
    ChannelStats stats = client->stats();
    if (stats.calls_started != stats.calls_completed) {
      world_.ledger.Complain(absl::StrCat(
          name,
          ": calls_started is ",
          stats.calls_started,
          ", calls_completed ",
          stats.calls_completed));
    }
    if (size_t messages = client->transport().under_way(); messages > 0) {
      world_.ledger.Complain(absl::StrCat(name, ": ", messages, " messages are under way"));
    }
  }
}

}  // namespace mqrpc::simulation

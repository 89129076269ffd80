#ifndef MQRPC_TESTS_SIMULATION_SIMULATION_H_
#define MQRPC_TESTS_SIMULATION_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chaos.h"
#include "invariants.h"
#include "ledger.h"
#include "sim_broker.h"
#include "sim_client.h"
#include "sim_server.h"
#include "workload.h"
#include "world.h"

namespace mqrpc::simulation {

// One run: clients call servers through a broker while things go wrong; then nothing goes wrong any
// more, and new calls have to succeed. The seed decides it all.
class Simulation {
 public:
  Simulation(uint64_t seed, size_t calls, bool keeps_history);
  ~Simulation();

  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Once. What was wrong; nothing, if empty.
  std::vector<std::string> Run();

  const Ledger& ledger() const { return world_.ledger; }
  std::vector<std::string> TakeHistory() { return world_.history.Take(); }

 private:
  void MakeTrouble(Chaos& chaos);
  void StopBroker();
  void Pause();
  SimTransport* PickTransport();
  SimServer& PickServer() { return *servers_[world_.random.Below(servers_.size())]; }
  SimClient& PickClient() { return *clients_[world_.random.Below(clients_.size())]; }
  void Probe();
  void CheckClients();

  World world_;
  SimBroker broker_;
  std::vector<std::unique_ptr<SimServer>> servers_;
  Workload::Clients clients_;
  const size_t calls_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIMULATION_H_

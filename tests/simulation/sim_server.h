#ifndef MQRPC_TESTS_SIMULATION_SIM_SERVER_H_
#define MQRPC_TESTS_SIMULATION_SIM_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "mqrpc/server.h"
#include "server_core.h"
#include "sim_broker.h"
#include "sim_drain.h"
#include "sim_service.h"
#include "sim_transport.h"
#include "sim_workers.h"
#include "world.h"

namespace mqrpc::simulation {

// A server process that comes back some time after its end, whatever that was, under the same name.
class SimServer {
 public:
  SimServer(World& world, SimBroker& broker, std::string name)
      : world_(world), broker_(broker), name_(std::move(name)) {
    Start();
  }

  // In later turns. Of one that is not running, nothing.
  void Crash();
  void ShutdownSoon();

  // When it has had nothing to do for long: its queues and maps are empty.
  void CheckIdle() const;

  // Null if it is down.
  SimLoop* loop() { return process_ == nullptr ? nullptr : &process_->loop; }
  SimTransport* transport() { return process_ == nullptr ? nullptr : &process_->transport; }

 private:
  struct Process {
    Process(SimServer& owner, uint64_t number);
    ~Process();

    const uint64_t number;
    SimLoop& loop;
    const std::shared_ptr<SimWorkers> workers;  // null: handlers run in turns of the loop
    SimTransport transport;
    SimService service;
    const std::shared_ptr<internal::ServerCore> core;
    SimDrain drain;
    bool is_ending = false;
  };

  ServerOptions Options();
  void Start();
  void StartLater();
  void Shutdown();
  void EndSoon(uint64_t number);
  void End();
  void CheckDrained();
  bool IsRunning(uint64_t number) const {
    return process_ != nullptr && process_->number == number;
  }

  World& world_;
  SimBroker& broker_;
  const std::string name_;
  std::unique_ptr<Process> process_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_SERVER_H_

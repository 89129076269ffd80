#ifndef MQRPC_TESTS_SIMULATION_SIM_SESSION_H_
#define MQRPC_TESTS_SIMULATION_SIM_SESSION_H_

#include <cstddef>
#include <deque>
#include <memory>

#include "sim_link.h"
#include "world.h"

namespace mqrpc::simulation {

// What a broker has for one connection: messages that wait, up to a bound, until those before them
// have been taken. They expire here, and only here. Shared with what is on its way.
class SimSession : public std::enable_shared_from_this<SimSession> {
 public:
  SimSession(World& world, std::shared_ptr<SimLink> link) : world_(world), link_(std::move(link)) {}

  SimLink& link() { return *link_; }
  bool Has(const SimLink& link) const { return link_.get() == &link; }

  void Send(SimPacket packet);

 private:
  void Pump();
  void Write(SimPacket packet);
  void Deliver(SimPacket packet);

  World& world_;
  const std::shared_ptr<SimLink> link_;
  std::deque<SimPacket> queue_;
  size_t in_flight_ = 0;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_SESSION_H_

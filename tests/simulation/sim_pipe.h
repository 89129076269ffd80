#ifndef MQRPC_TESTS_SIMULATION_SIM_PIPE_H_
#define MQRPC_TESTS_SIMULATION_SIM_PIPE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "mqrpc/event_loop.h"
#include "world.h"

namespace mqrpc::simulation {

// One direction of a connection: what is sent arrives after a random time, in the order of its own
// stream only, since a broker keeps the order of messages of one topic and QoS, and of no others.
class SimPipe {
 public:
  // What arrives takes turns of `there`.
  SimPipe(World& world, EventLoop& there) : world_(world), there_(there) {}

  // Runs `arrive` later, unless the pipe is closed by then.
  void Send(const std::string& stream, EventLoop::Task arrive);

  // What is sent from now on starts no earlier than then.
  void Stall(absl::Time until) { stalled_until_ = std::max(stalled_until_, until); }

  // What is on its way does not arrive.
  void Close() { open_ = nullptr; }

 private:
  World& world_;
  EventLoop& there_;
  std::map<std::string, absl::Time> last_arrival_;  // of each stream
  absl::Time stalled_until_ = absl::InfinitePast();
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);  // asked by what is on its way
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_PIPE_H_

#ifndef MQRPC_TESTS_SIMULATION_SIM_SESSION_H_
#define MQRPC_TESTS_SIMULATION_SIM_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "sim_link.h"
#include "world.h"

namespace mqrpc::simulation {

// What a broker has for one client: messages that wait, up to a bound, until those before them have
// been acknowledged. They expire here, and only here. Shared with what is on its way.
class SimSession : public std::enable_shared_from_this<SimSession> {
 public:
  using Link = std::shared_ptr<SimLink>;

  // `expiry`: for how long it is kept without a connection.
  SimSession(World& world, std::string client_id, absl::Duration expiry)
      : world_(world), client_id_(std::move(client_id)), expiry_(expiry) {}

  const std::string& client_id() const { return client_id_; }
  absl::Duration expiry() const { return expiry_; }
  absl::Time away_since() const { return away_since_; }  // InfiniteFuture if it is here

  // Null while its client is away.
  const Link& link() const { return link_; }

  // The client is here, and gets what it has not acknowledged once more.
  void Attach(Link link);

  // It is away. What came to it at QoS 0 is lost, and at QoS 2 perhaps, if it was on its way.
  void Detach();

  void Send(SimPacket packet);
  void OnAck(uint64_t packet);

  // Messages that the client has not had, but for those of QoS 0, and cancels, which a server need
  // not wait for.
  size_t waiting() const;

 private:
  struct Sent {
    SimPacket packet;
    bool has_arrived = false;
  };

  void Pump();
  void Write(SimPacket packet);
  void Transmit(uint64_t id, const SimPacket& packet);

  World& world_;
  const std::string client_id_;
  const absl::Duration expiry_;
  absl::Time away_since_ = absl::InfiniteFuture();
  Link link_;
  std::deque<SimPacket> queue_;
  std::map<uint64_t, Sent> unacknowledged_;
  uint64_t next_id_ = 1;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_SESSION_H_

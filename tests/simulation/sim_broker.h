#ifndef MQRPC_TESTS_SIMULATION_SIM_BROKER_H_
#define MQRPC_TESTS_SIMULATION_SIM_BROKER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqrpc/message.h"
#include "sim_link.h"
#include "sim_session.h"
#include "world.h"

namespace mqrpc::simulation {

// An MQTT 5 broker whose sessions end with their connections, as far as calls can tell. It does not
// know that a connection is cut until it notices; what it sends there meanwhile is lost.
class SimBroker {
 public:
  using Link = std::shared_ptr<SimLink>;

  explicit SimBroker(World& world) : world_(world) {}

  bool is_up() const { return is_up_; }

  // What arrives from a client. Nothing counts but what comes over an accepted connection.
  void OnConnect(const Link& link);
  void OnSubscribe(const Link& link, const std::string& filter, QoS qos, uint64_t request);
  void OnUnsubscribe(const Link& link, const std::string& filter, uint64_t request);
  void OnPublish(const Link& link, SimPacket packet, uint64_t id);

  // A connection has ended, and the broker notices.
  void Drop(const SimLink& link);

  // Down: all connections end, and all that was queued is lost.
  void Stop();
  void Start() { is_up_ = true; }

 private:
  using Session = std::shared_ptr<SimSession>;
  struct Target {
    Session session = {};
    QoS qos = QoS::kAtMostOnce;  // of the subscription
  };
  struct Route {
    std::string filter = {};  // `$share/{group}/` included
    bool is_shared = false;
    std::deque<Target> targets = {};  // of a shared one: the first is next
  };

  Session Find(const SimLink& link) const;
  Route& RouteOf(const std::string& filter);
  void Remove(const Session& session, std::string_view filter);
  std::vector<Target> TargetsOf(std::string_view topic);
  void Acknowledge(SimLink& link, uint64_t id, ReasonCode reason);
  void Close(const Session& session);

  World& world_;
  bool is_up_ = true;
  std::vector<Session> sessions_;
  std::vector<Route> routes_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_BROKER_H_

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

// An MQTT 5 broker. It does not know that a connection is cut until it notices; what it sends there
// meanwhile is lost, or sent once more if the client keeps a session and comes back.
class SimBroker {
 public:
  using Link = std::shared_ptr<SimLink>;

  explicit SimBroker(World& world) : world_(world) {}

  bool is_up() const { return is_up_; }

  // What arrives from a client. Nothing counts but what comes over an accepted connection.
  struct Connect {
    bool clean_start = true;
    absl::Duration session_expiry = absl::ZeroDuration();
  };
  void OnConnect(const Link& link, const Connect& connect);
  void OnSubscribe(const Link& link, const std::string& filter, QoS qos, uint64_t request);
  void OnUnsubscribe(const Link& link, const std::string& filter, uint64_t request);
  void OnPublish(const Link& link, SimPacket packet, uint64_t id);

  // A connection has ended, and the broker notices; `link` may be another than it has by now.
  void Drop(const SimLink& link);

  // Messages that it has for a client, which has not had them.
  size_t CountWaiting(const std::string& client_id) const;

  // Down: all connections end, and perhaps all sessions are lost with what was queued.
  void Stop(bool loses_sessions);
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
  Session Find(const std::string& client_id) const;
  Route& RouteOf(const std::string& filter);
  void Remove(const Session& session, std::string_view filter);
  void Forget(const Session& session);
  void ForgetLater(const Session& session);
  std::vector<Target> TargetsOf(std::string_view topic);
  void Acknowledge(SimLink& link, uint64_t id, ReasonCode reason);
  static void Close(SimLink& link);

  World& world_;
  bool is_up_ = true;
  std::vector<Session> sessions_;
  std::vector<Route> routes_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_BROKER_H_

#ifndef MQRPC_TESTS_SIMULATION_SIM_TRANSPORT_H_
#define MQRPC_TESTS_SIMULATION_SIM_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "mqrpc/transport.h"
#include "sim_broker.h"
#include "sim_link.h"
#include "sim_loop.h"
#include "subscription_table.h"
#include "world.h"

namespace mqrpc::simulation {

// A connection to the simulated broker that comes back, as the Mosquitto transport does: with a new
// link each time, to which nothing of the old one is carried over but what is queued here.
class SimTransport final : public Transport, private SimLink::Client {
 public:
  // Sees what passes; all in turns of the loop.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    virtual void OnArrival(const SimPacket&) {}
    virtual void OnSent(const Message&) {}
    virtual void OnLoss() {}  // of all subscriptions, before they are told
  };

  struct Options {
    std::string client_id = {};
    size_t max_queued = 1000;
    absl::Duration session_expiry = absl::ZeroDuration();  // zero: no session is kept
  };

  SimTransport(World& world, SimLoop& loop, SimBroker& broker, Options options);
  ~SimTransport() override;

  EventLoop& loop() override { return loop_; }
  const std::string& client_id() const override { return options_.client_id; }
  bool is_connected() const override { return accepted_; }
  absl::Status WaitUntilConnected(absl::Duration) override {
    return absl::FailedPreconditionError("all is in the loop here");
  }
  bool keeps_session() const override { return options_.session_expiry > absl::ZeroDuration(); }
  std::optional<std::string> response_information() const override { return std::nullopt; }
  internal::PresenceBoard* presence() override { return nullptr; }
  TransportStats stats() const override { return {}; }
  SubscriptionId Subscribe(Subscription subscription) override;
  void Leave(SubscriptionId id) override;
  void Unsubscribe(SubscriptionId id, absl::AnyInvocable<void()> done) override;
  PublishId Publish(Compose compose, OnAck on_ack) override;
  bool Withdraw(PublishId id) override { return queue_.erase(id) > 0; }

  // The network between here and the broker is gone. Each end notices in its own time.
  void Cut();

  // Nothing that is sent from now on arrives before some time has passed.
  void Stall();

  // As Cut, and nothing happens here any more: the process has died.
  void Die();

  // Until it dies, or is destroyed.
  void SetWatcher(Watcher& watcher) { watcher_ = &watcher; }

  // Messages that are queued or not acknowledged.
  size_t under_way() const { return queue_.size() + in_flight_.size(); }

 private:
  struct Queued {
    Compose compose;
    OnAck on_ack;
  };
  struct Sent {
    OnAck on_ack;
    QoS qos;
  };

  void OnAccepted(bool session_is_present) override;
  void OnClosed() override { Lose("closed by the broker"); }
  void OnSubscribed(uint64_t request) override;
  void OnUnsubscribed(uint64_t request) override;
  void OnPublishAck(uint64_t id, ReasonCode reason) override;
  void OnMessage(SimPacket packet) override;

  void Connect();
  void ReconnectLater();
  void Lose(const std::string& why);
  void Report(const std::string& loss);
  void CutLink();
  void SendSubscribe(const std::string& filter, QoS qos);
  void SendUnsubscribe(std::optional<std::string> filter, absl::AnyInvocable<void()> done);
  void PostHandOver();
  void HandOver();
  void Send(PublishId id, Queued queued);
  EventLoop::Task WhileAlive(EventLoop::Task task) const;

  World& world_;
  SimLoop& loop_;
  SimBroker& broker_;
  const Options options_;

  std::shared_ptr<SimLink> link_;  // null: not even an attempt at one
  bool accepted_ = false;
  bool has_session_ = false;  // the broker may have one of ours, which we rely on
  bool is_dead_ = false;
  internal::SubscriptionTable table_;
  std::map<uint64_t, std::string> subscribing_;
  std::map<uint64_t, absl::AnyInvocable<void()>> unsubscribing_;
  std::map<PublishId, Queued> queue_;
  std::map<PublishId, Sent> in_flight_;
  uint64_t next_id_ = 1;
  bool is_posted_ = false;  // a turn for `queue_`
  Watcher* watcher_ = nullptr;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // asked by turns to come
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_TRANSPORT_H_

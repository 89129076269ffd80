#ifndef MQRPC_BROKER_SUBSCRIPTIONS_H_
#define MQRPC_BROKER_SUBSCRIPTIONS_H_

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "mosquitto_client.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/transport.h"
#include "subscription_table.h"

namespace mqrpc::internal {

// The subscriptions of a connection that comes and goes, and what its broker knows of them: asks
// for them, gives them up, and makes good on each new connection what the broker does not have, or
// has and need not. In turns of the loop.
class BrokerSubscriptions {
 public:
  using Id = Transport::SubscriptionId;

  explicit BrokerSubscriptions(EventLoop& loop) : loop_(loop) {}

  BrokerSubscriptions(const BrokerSubscriptions&) = delete;
  BrokerSubscriptions& operator=(const BrokerSubscriptions&) = delete;

  Id Subscribe(Subscription subscription);
  void Leave(Id id);
  void Unsubscribe(Id id, absl::AnyInvocable<void()> done);
  void Dispatch(Message message) { table_.Dispatch(std::move(message)); }

  // Whether every subscription that was made has been answered.
  bool is_answered() const { return subscribing_.empty(); }

  // The next client asks for all of them, also those that were granted.
  void ForgetGrants() { table_.ForgetGrants(); }

  // The broker has accepted a connection, which stays until Detach.
  void Attach(MosquittoClient& client);
  void OnSubscribeAck(int mid, ReasonCode reason);
  void OnUnsubscribeAck(int mid);

  // Nothing can be sent any more. It calls nobody; EndUnsubscribes, which is due after it, does.
  void Detach();
  void EndUnsubscribes();

  // While detached: the broker has forgotten all of it, and everyone is told why. If it has not,
  // the next Attach counts on what was granted.
  void Forget(const absl::Status& why);

 private:
  struct Unsubscribing {
    std::string filter;
    absl::AnyInvocable<void()> done;
  };

  void SendSubscribe(const std::string& filter, QoS qos);
  void SendUnsubscribe(const std::optional<std::string>& filter, absl::AnyInvocable<void()> done);

  EventLoop& loop_;
  MosquittoClient* client_ = nullptr;
  SubscriptionTable table_;
  std::set<std::string> sent_;                         // filters that the broker may have from us
  absl::flat_hash_map<int, std::string> subscribing_;  // by packet id
  absl::flat_hash_map<int, Unsubscribing> unsubscribing_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_BROKER_SUBSCRIPTIONS_H_

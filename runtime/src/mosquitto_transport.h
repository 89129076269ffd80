#ifndef MQRPC_MOSQUITTO_TRANSPORT_IMPL_H_
#define MQRPC_MOSQUITTO_TRANSPORT_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker_address.h"
#include "broker_subscriptions.h"
#include "connect_attempt.h"
#include "connect_plan.h"
#include "connection_state.h"
#include "counters.h"
#include "io_loop.h"
#include "mosquitto_client.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/transport.h"
#include "presence_board.h"

namespace mqrpc::internal {

// A connection that comes back: makes one MosquittoClient after the other, and keeps what outlives
// each of them, the subscriptions and the messages that have not been handed over. All of it
// happens on its loop, but for connecting, which blocks and so has a thread of its own each time.
class MosquittoTransport final : public Transport,
                                 private IoLoop::Socket,
                                 private MosquittoClient::Events {
 public:
  MosquittoTransport(MosquittoOptions options, std::vector<BrokerAddress> addresses);
  ~MosquittoTransport() override;

  // Starts to connect; the result of the first round, or OK if it is to go on in the background.
  absl::Status Connect();

  EventLoop& loop() override { return loop_; }
  const std::string& client_id() const override { return options_.client_id; }
  bool is_connected() const override { return accepted_; }
  absl::Status WaitUntilConnected(absl::Duration timeout) override;
  bool keeps_session() const override { return options_.session_expiry > absl::ZeroDuration(); }
  std::optional<std::string> response_information() const override { return response_information_; }
  PresenceBoard* presence() override { return presence_ ? &*presence_ : nullptr; }
  TransportStats stats() const override;
  SubscriptionId Subscribe(Subscription subscription) override {
    return subscriptions_.Subscribe(std::move(subscription));
  }
  void Leave(SubscriptionId id) override { subscriptions_.Leave(id); }
  void Unsubscribe(SubscriptionId id, absl::AnyInvocable<void()> done) override {
    subscriptions_.Unsubscribe(id, std::move(done));
  }
  PublishId Publish(Compose compose, OnAck on_ack) override;
  bool Withdraw(PublishId id) override;

 private:
  struct Queued {
    Compose compose;
    OnAck on_ack;
  };
  struct InFlight {
    OnAck on_ack;
    QoS qos;
  };

  void StartAttempt();
  void OnAttempt(ConnectAttempt::Client client);
  void Reset();
  void OnConnectTimeout();
  void Lose(absl::Status why);  // by value: it may be the client's, which goes
  bool EndsFirstRound(const absl::Status& failure);
  std::string HintAtCause() const;
  void Announce(const absl::Status& status);
  void ForgetSession();
  void KeepAlive();

  bool CanHandOver() const;
  void HandOver();
  void HandOver(Queued queued);

  int fd() const override { return client_->fd(); }
  void ReadInput() override;
  bool WriteOutput() override;

  void OnAccepted(const MosquittoClient::Accepted& accepted) override;
  void OnMessage(Message message) override {
    received_.Add();
    subscriptions_.Dispatch(std::move(message));
  }
  void OnPublishAck(int mid, ReasonCode reason) override;
  void OnSubscribeAck(int mid, ReasonCode reason) override {
    subscriptions_.OnSubscribeAck(mid, reason);
  }
  void OnUnsubscribeAck(int mid) override { subscriptions_.OnUnsubscribeAck(mid); }

  const MosquittoOptions options_;
  const std::vector<BrokerAddress> addresses_;
  absl::BitGen random_;
  ConnectPlan plan_;
  std::vector<std::string> first_failures_;  // until there is a first result
  std::promise<absl::Status> first_result_;
  bool has_first_result_ = false;  // or nobody waits for it
  ConnectionState state_;

  std::unique_ptr<ConnectAttempt> attempt_;          // while its thread is at work
  std::unique_ptr<MosquittoClient> client_;          // from then to its loss
  bool accepted_ = false;                            // by the broker's CONNACK
  std::optional<std::string> response_information_;  // of the last CONNACK
  bool socket_is_full_ = false;
  absl::Time accepted_at_;
  EventLoop::TimerId connect_timer_ = 0;  // the end of an attempt, or the start of the next
  EventLoop::TimerId keep_alive_timer_ = 0;

  // The address whose broker has our session, if any: what was granted is still granted there.
  std::optional<size_t> session_at_;
  // A CONNECT since then may have made a session that we know nothing of: the one that is present
  // need not be ours.
  bool has_unanswered_connect_ = false;
  BrokerSubscriptions subscriptions_{loop_};
  std::optional<PresenceBoard> presence_;

  absl::btree_map<PublishId, Queued> queue_;  // in order
  PublishId next_publish_ = 1;
  size_t window_ = 0;
  absl::flat_hash_map<int, InFlight> in_flight_;  // unacknowledged, by packet id

  Counter connections_;
  Counter losses_;
  Counter sent_;
  Counter received_;
  Counter queued_;          // as queue_
  Counter unacknowledged_;  // as in_flight_

  IoLoop loop_;  // last: its thread uses all of the above, and ends first
};

}  // namespace mqrpc::internal

#endif  // MQRPC_MOSQUITTO_TRANSPORT_IMPL_H_

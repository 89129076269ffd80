#ifndef MQRPC_TRANSPORT_H_
#define MQRPC_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/message.h"
#include "mqrpc/stats.h"

namespace mqrpc {

namespace internal {
class PresenceBoard;
}

// One subscription of a connection (MQTT 5 section 3.8), made with Retain Handling 2, so that
// messages which were retained before it are not delivered, and with Retain As Published, so that
// `retain` says what the publisher said.
struct Subscription {
  // A topic filter, `$share/{group}/` in front for a shared one. Filters of one transport should be
  // the same or not overlap: where they do, a broker may deliver a message once or once for each.
  std::string filter = {};
  QoS qos = QoS::kExactlyOnce;

  // Whether messages that were retained before are delivered all the same (Retain Handling 0), each
  // time that the subscription is made: after OK of on_state or around it.
  bool wants_retained = false;

  // Each message that matches. In a turn of the loop.
  absl::AnyInvocable<void(Message)> on_message = {};

  // OK each time the broker has granted it; PERMISSION_DENIED and others, as the broker's SUBACK
  // said; UNAVAILABLE when messages to it may have been lost, after which it is made anew, and OK
  // comes again. Without a session that is when the connection is lost. If the broker keeps a
  // session (MQTT 5 section 4.1), a loss is not told: what came meanwhile arrives after it, at QoS
  // 1 perhaps a second time. UNAVAILABLE then comes at the reconnect, if the broker has no session
  // any more. What a session does not keep: messages of QoS 0, and one of QoS 2 whose exchange of
  // acknowledgements the loss interrupts. In a turn of the loop. May be empty.
  absl::AnyInvocable<void(const absl::Status&)> on_state = {};
};

// One connection to a broker, which any number of channels and servers share. Users make one with
// ConnectMosquitto() or InProcessBroker::Connect() and hand it to them; it must outlive them.
//
// `client_id`, `keeps_session`, `stats` and `WaitUntilConnected` may be called by any thread; the
// rest only in a turn of loop(), where all callbacks come too, never from inside the method that
// takes them.
class Transport {
 public:
  using SubscriptionId = uint64_t;
  using PublishId = uint64_t;

  // Makes the message at the moment it is handed to the network, so that what it says about the
  // remaining time is true; nullopt if it is no longer wanted: then it is not sent, and the
  // acknowledgement is destroyed unused.
  using Compose = absl::AnyInvocable<std::optional<Message>()>;

  // How a PUBLISH ended: what the broker answered (for QoS 0, kSuccess once it was written), or why
  // there is no answer:
  //   UNAVAILABLE         the connection was lost first; the broker may or may not have it, and it
  //                       is not sent again, session or not
  //   INVALID_ARGUMENT    a string of it may not be sent over MQTT; it was not
  //   RESOURCE_EXHAUSTED  it exceeds the queue's or the broker's bound; it was not sent
  using OnAck = absl::AnyInvocable<void(absl::StatusOr<ReasonCode>)>;

  virtual ~Transport() = default;

  virtual EventLoop& loop() = 0;

  // The connection's own name: one topic level, unique at its broker.
  virtual const std::string& client_id() const = 0;

  // Whether the broker has accepted the connection, and it is not known to be lost.
  virtual bool is_connected() const = 0;

  // Returns as soon as the connection is there, which it need not be any more a moment later. Not
  // needed before calls: messages wait for the connection by themselves. Errors:
  //   DEADLINE_EXCEEDED    it was not within `limit`; says why the last attempt failed
  //   FAILED_PRECONDITION  called on the connection's own thread, which has to connect it
  virtual absl::Status WaitUntilConnected(absl::Duration limit) = 0;

  // Whether the broker is asked to keep a session while the connection is away: see
  // Subscription::on_state. It never changes.
  virtual bool keeps_session() const = 0;

  // What the broker's last CONNACK gave us to build response topics from (MQTT 5 section
  // 3.2.2.3.15), if it was asked and did. What it means is between the broker and its users.
  virtual std::optional<std::string> response_information() const = 0;

  // What the connection's servers say of themselves to those who ask who is there; null if it is to
  // say nothing. Lives as long as the transport.
  virtual internal::PresenceBoard* presence() = 0;

  // Any thread.
  virtual TransportStats stats() const = 0;

  // A filter that is already subscribed is shared, not subscribed again.
  virtual SubscriptionId Subscribe(Subscription subscription) = 0;

  // Asks the broker for no more. What it has queued for us already still comes, and on_message runs
  // for it, until Unsubscribe or the loss of the connection; on_state does not run any more. Where
  // the end of that is to be known, publish a marker to oneself: it comes last.
  virtual void Leave(SubscriptionId id) = 0;

  // No callback of the subscription runs any more. `done`, which may be empty, runs when the broker
  // has acknowledged it, or the connection is down.
  virtual void Unsubscribe(SubscriptionId id, absl::AnyInvocable<void()> done) = 0;

  // Queues a message. It leaves in a later turn, in order, and not before every subscription that
  // was made earlier has been answered by the broker: a reply cannot overtake its subscription.
  // While the connection is down it waits.
  virtual PublishId Publish(Compose compose, OnAck on_ack) = 0;

  // Takes back a message that is still queued, and destroys its callbacks unused. False if it is
  // not queued any more.
  virtual bool Withdraw(PublishId id) = 0;
};

}  // namespace mqrpc

#endif  // MQRPC_TRANSPORT_H_

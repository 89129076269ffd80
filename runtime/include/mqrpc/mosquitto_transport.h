#ifndef MQRPC_MOSQUITTO_TRANSPORT_H_
#define MQRPC_MOSQUITTO_TRANSPORT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/log.h"
#include "mqrpc/transport.h"

namespace mqrpc {

struct MosquittoOptions {
  // `mqtt://host[:port]` (port 1883 unless given, IPv6 hosts in brackets) or
  // `unix:///path/to/socket`. `mqtts://` is reserved for TLS and refused for now.
  //
  // Several, separated by commas without spaces, are tried in turn, beginning with the first. If
  // one cannot be connected the next is tried at once; a connection that was lost is made again at
  // the next, the first following the last, and stays where it succeeds until it is lost there.
  std::string broker = {};

  // This connection's name at the broker: one topic level of 1 to 128 bytes, not beginning with
  // `$`. Empty: `mqrpc-` and 16 random hex digits. Two connections with one name evict each other.
  std::string client_id = {};

  // Sent when not empty. A password without a user name is refused.
  std::string username = {};
  std::string password = {};

  // How often the connection proves that it lives (MQTT 5 section 3.1.2.10): whole seconds, 5 s to
  // 18 h. A broker that is silent for 1.5 times as long is taken to be gone.
  absl::Duration keep_alive = absl::Seconds(30);

  // How long the broker keeps our subscriptions, and the messages to them, while the connection is
  // away: whole seconds, up to 2^32-2; the broker may shorten it. Zero: not at all, and what comes
  // meanwhile is lost. For clients, so that replies survive a short loss. Not for a connection that
  // serves: while it is away the broker would go on giving calls to it, and callers would not be
  // told that nobody is there.
  //
  // The session begins with this object and ends when it is destroyed (while disconnected: when it
  // expires). It is at one broker: after a loss that address is tried first, and at another one the
  // subscriptions are made anew. It is given up if the loss finds QoS 2 messages of ours that the
  // broker has not acknowledged. What is told of it: Subscription::on_state.
  absl::Duration session_expiry = absl::ZeroDuration();

  // How long one attempt to connect to one address may take, the first as well as every later one.
  absl::Duration connect_timeout = absl::Seconds(10);

  // Waits before attempts to reconnect: doubling from the first to the second, each shortened by up
  // to a half at random so that clients do not come back all at once. With several addresses, the
  // wait comes before each round through all of them.
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(30);

  // Unacknowledged QoS 1 and 2 messages that are handed to libmosquitto at once; the others wait in
  // our own queue, where they can still expire and be taken back. The broker's Receive Maximum
  // lowers it. 1 to 65,535; several hundred make libmosquitto slow, which walks a list of them.
  size_t max_in_flight = 100;

  // Messages waiting in our own queue; one more is answered RESOURCE_EXHAUSTED.
  size_t max_queued = 200'000;

  // Asks the broker for Response Information (MQTT 5 section 3.1.2.11.6), which it may answer or
  // not: Transport::response_information. Mosquitto does not.
  bool request_response_information = false;

  // Where the servers of this connection say that they are there, for a Directory:
  // `{presence_prefix}/presence/{client id}`, which the connection's will (MQTT 5 section 3.1.2.5)
  // clears if it is lost. One for the connection, whatever the prefixes of its servers. Empty:
  // nothing is said, and there is no will.
  std::string presence_prefix = "mqrpc";

  // False: ConnectMosquitto waits for the broker, and fails if it is not there. True:
  // ConnectMosquitto returns at once, and the connection comes when it can, like one that was lost:
  // messages wait for it, and attempts are repeated until one succeeds, also with credentials that
  // are wrong.
  bool connect_in_background = false;

  // OK each time the broker has accepted the connection; else why it was lost, UNAVAILABLE, or why
  // an attempt to make it failed, naming the address, with the codes of ConnectMosquitto, whose
  // own attempts count too. Not when the connection is destroyed. On the connection's thread,
  // before anyone else is told: it must not block, and not destroy the connection. May be null.
  std::function<void(const absl::Status&)> on_connection = nullptr;

  LogSink log = LogToStderr;
};

// Connects to an MQTT 5 broker and keeps the connection: reconnects when it is lost, and subscribes
// again what the broker has not kept. Returns once the broker has accepted it, unless it is to
// connect in the background. Errors:
//   INVALID_ARGUMENT     an option is wrong; the message names it
//   UNAVAILABLE          no broker answers at the address, or it is not an MQTT 5 broker
//   PERMISSION_DENIED    the broker refuses the credentials or the client id
//   DEADLINE_EXCEEDED    connect_timeout passed
// Of several addresses each is tried once; the code is then the last one's, the message has all.
//
//   auto transport = mqrpc::ConnectMosquitto({.broker = "mqtt://localhost:1883"});
//   if (!transport.ok()) ...
//   mqrpc::Channel channel(**transport);
//
// The connection owns one thread; a blocking call that is the only one does its work meanwhile.
// Destroying the connection disconnects cleanly, and must not happen on that thread.
absl::StatusOr<std::unique_ptr<Transport>> ConnectMosquitto(MosquittoOptions options);

}  // namespace mqrpc

#endif  // MQRPC_MOSQUITTO_TRANSPORT_H_

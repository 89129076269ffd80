#ifndef MQRPC_TESTS_SIMULATION_FAULTS_H_
#define MQRPC_TESTS_SIMULATION_FAULTS_H_

#include <cstddef>

#include "absl/time/time.h"
#include "random.h"

namespace mqrpc::simulation {

// What goes wrong in a simulation, and how often: probabilities, the longest times of what takes
// time, and the mean times between events, of which infinite means never.
struct Faults {
  // Each kind is there or not, so that a run is often about few of them; now and then none is.
  static Faults Draw(Random& random);

  // The same network and the same bounds, on which nothing goes wrong any more.
  Faults Calm() const;

  // Nothing goes wrong. Servers may be shut down, which is to cost no call.
  bool is_calm = false;

  // Of one message.
  absl::Duration max_delay = absl::Milliseconds(5);
  bool keeps_order = true;  // of all messages to one client, as Mosquitto does
  double loss = 0;          // at QoS 0
  double duplicate = 0;     // at QoS 1
  double refused = 0;       // by the broker, over its quota

  // Of the connections.
  absl::Duration cut_every = absl::InfiniteDuration();
  double arrives_after_cut = 0.5;  // what had been sent to the broker
  absl::Duration max_unnoticed = absl::Seconds(3);
  absl::Duration max_reconnect = absl::Seconds(1);
  absl::Duration stall_every = absl::InfiniteDuration();
  absl::Duration max_stall = absl::Seconds(3);

  // Of the processes.
  absl::Duration broker_restart_every = absl::InfiniteDuration();
  absl::Duration crash_every = absl::InfiniteDuration();
  absl::Duration shutdown_every = absl::InfiniteDuration();
  absl::Duration grace = absl::Seconds(5);
  absl::Duration renewal_every = absl::InfiniteDuration();  // of a client's channel
  absl::Duration pause_every = absl::InfiniteDuration();
  double pauses_all = 0.2;
  absl::Duration max_pause = absl::Seconds(3);
  absl::Duration max_downtime = absl::Seconds(2);

  // Of the threads and the handlers of a server.
  absl::Duration max_wake_up = absl::Milliseconds(1);
  double answers_later = 0.5;  // a slow handler: without its worker
  double slow = 0;
  absl::Duration max_handling = absl::Seconds(3);
  double fails = 0;
  double forgets = 0;
  double crashes = 0;

  // The bounds of queues.
  size_t broker_queue = 1000;  // for one connection
  size_t client_queue = 1000;
  size_t server_queue = 1000;
  size_t in_flight = 20;  // each way

  // Of a server, as in ServerOptions.
  size_t workers = 0;
  size_t queued_calls = 1000;
  size_t kept_replies = 1000;
  size_t kept_reply_bytes = 1 << 20;

 private:
  Faults Orderly(Random& random) const;
  Faults Busy(Random& random) const;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_FAULTS_H_

#ifndef MQRPC_STATS_H_
#define MQRPC_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "mqrpc/latency_histogram.h"

namespace mqrpc {

// What has happened, and how things stand: Channel::stats(), Server::stats(), Transport::stats().
// Counters begin with the object and only grow. May be asked for at any time by any thread; each
// figure is right, though they may not all be of the same instant.

// Of each canonical code how many, OK being [0].
using CountsByCode = std::array<uint64_t, 17>;

struct ChannelStats {
  uint64_t calls_started = 0;
  uint64_t calls_completed = 0;
  uint64_t calls_refused = 0;     // never started: a bound was reached, or an option is wrong
  uint64_t retries = 0;           // requests that were sent again
  uint64_t late_replies = 0;      // to calls of this channel, or attempts, that had already ended
  uint64_t unknown_replies = 0;   // with a correlation that is not this channel's
  uint64_t retained_replies = 0;  // refused, see docs/protocol.md

  CountsByCode outcomes = {};     // of the completed ones
  LatencyHistogram latency = {};  // of the completed ones, from their start

  // At present.
  size_t calls_outstanding = 0;  // whose result has not been taken: ChannelOptions has a bound
  size_t calls_waiting = 0;      // for room in the window, ChannelOptions::max_unanswered
  size_t request_bytes = 0;      // of calls that have not ended: ChannelOptions has a bound
};

struct ServerStats {
  uint64_t calls_received = 0;          // messages on the services' topics, whatever became of them
  uint64_t calls_answered = 0;          // replies handed to the connection, errors too
  uint64_t calls_refused = 0;           // answered without being run: unknown method, no room, …
  uint64_t calls_expired = 0;           // dropped unrun: their time was up when their turn came
  uint64_t calls_cancelled = 0;         // by their callers: running, waiting, or still to come
  uint64_t repeated_requests = 0;       // answered again, or joined with the one that is running
  uint64_t replies_evicted = 0;         // that a repeated request could still have asked for
  uint64_t unsafe_response_topics = 0;  // dropped unrun
  uint64_t retained_requests = 0;       // dropped unrun
  uint64_t malformed_batches = 0;       // of which a part could not even be answered
  uint64_t replies_lost = 0;            // which the broker did not take, or had no subscriber for

  CountsByCode outcomes = {};       // of calls that were run
  LatencyHistogram wait_time = {};  // of calls that were run: from their arrival
  LatencyHistogram run_time = {};   // and from then to their answer

  // At present.
  size_t calls_queued = 0;  // for a worker: ServerOptions has a bound
  size_t calls_running = 0;
  size_t replies_kept = 0;  // to answer repetitions: ServerOptions has bounds, of bytes too
  size_t reply_bytes_kept = 0;
};

struct TransportStats {
  uint64_t connections_made = 0;  // accepted by a broker, the first one too
  uint64_t connections_lost = 0;
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;

  // At present.
  size_t messages_queued = 0;     // not handed to the network yet: MosquittoOptions has a bound
  size_t messages_in_flight = 0;  // sent and not acknowledged, at QoS 1 and 2
};

}  // namespace mqrpc

#endif  // MQRPC_STATS_H_

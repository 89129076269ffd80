#include "counters.h"

namespace mqrpc::internal {

ChannelStats ChannelCounters::Snapshot() const {
  return {
      .calls_started = started.value(),
      .calls_completed = completed.value(),
      .calls_refused = refused.value(),
      .retries = retries.value(),
      .late_replies = late_replies.value(),
      .unknown_replies = unknown_replies.value(),
      .retained_replies = retained_replies.value(),
      .outcomes = outcomes.Snapshot(),
      .latency = latency.Snapshot()};
}

ServerStats ServerCounters::Snapshot() const {
  return {
      .calls_received = received.value(),
      .calls_answered = answered.value(),
      .calls_refused = refused.value(),
      .calls_expired = expired.value(),
      .unsafe_response_topics = unsafe_response_topics.value(),
      .retained_requests = retained_requests.value(),
      .malformed_batches = malformed_batches.value(),
      .replies_lost = replies_lost.value(),
      .outcomes = outcomes.Snapshot(),
      .wait_time = wait_time.Snapshot(),
      .run_time = run_time.Snapshot(),
      .calls_running = running.value()};
}

}  // namespace mqrpc::internal

#ifndef MQRPC_DRAIN_MARKER_H_
#define MQRPC_DRAIN_MARKER_H_

#include <functional>
#include <memory>
#include <string>

#include "mqrpc/transport.h"

namespace mqrpc::internal {

// Finds out when the last message has come of subscriptions that were left: what a broker has
// queued for a connection still arrives after it was unsubscribed, but before what is published to
// the same connection later. So a marker is sent to ourselves; when it comes, nothing else does.
// All in turns of the transport's loop.
class DrainMarker {
 public:
  // Sends it to `topic`, which nobody else uses. `on_end` runs once: when the marker has come back,
  // or the connection is lost, and nothing can come any more. Never, if the broker does not let us
  // have it: then nothing says how much still comes. Not after destruction.
  DrainMarker(Transport& transport, std::string topic, std::function<void()> on_end);
  ~DrainMarker();

  DrainMarker(const DrainMarker&) = delete;
  DrainMarker& operator=(const DrainMarker&) = delete;

 private:
  void Send(QoS qos);
  void End();

  // For acknowledgements, which may come after the marker has gone.
  const std::shared_ptr<DrainMarker*> self_ = std::make_shared<DrainMarker*>(this);
  Transport& transport_;
  const std::string topic_;
  std::function<void()> on_end_;
  Transport::SubscriptionId subscription_ = 0;
  Transport::PublishId publish_ = 0;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_DRAIN_MARKER_H_

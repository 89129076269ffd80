#include "sim_session.h"

#include <algorithm>
#include <utility>

namespace mqrpc::simulation {
namespace {

// A broker counts whole seconds, and what it was told was rounded up to them.
constexpr absl::Duration kRounding = absl::Seconds(2);

const std::string kAll = "all";

}  // namespace

void SimSession::Send(SimPacket packet) {
  if (queue_.size() >= world_.faults.broker_queue) {
    world_.ledger.NoteDrop(world_.Now());
    return world_.history.Add("the broker's queue for ", link_->client_id, " is full");
  }
  packet.since = world_.Now();
  queue_.push_back(std::move(packet));
  Pump();
}

void SimSession::Pump() {
  while (!queue_.empty() && in_flight_ < world_.faults.in_flight) {
    SimPacket packet = std::move(queue_.front());
    queue_.pop_front();
    absl::Duration waited = world_.Now() - std::exchange(packet.since, world_.Now());
    packet.uncounted += std::min(waited, kRounding);
    std::optional<uint32_t>& expiry = packet.message.expiry_seconds;
    if (expiry.has_value()) {
      int64_t left = *expiry - absl::ToInt64Seconds(waited);
      if (left <= 0) {
        world_.history.Add("a message to ", link_->client_id, " has expired");
        continue;
      }
      *expiry = static_cast<uint32_t>(left);
    }
    Write(std::move(packet));
  }
}

void SimSession::Write(SimPacket packet) {
  QoS qos = packet.message.qos;
  if (qos == QoS::kAtMostOnce && world_.random.Chance(world_.faults.loss)) {
    return world_.history.Add("a message to ", link_->client_id, " is lost");
  }
  int copies = 1;
  if (qos == QoS::kAtLeastOnce && world_.random.Chance(world_.faults.duplicate)) copies = 2;
  std::string stream = world_.faults.keeps_order ? kAll : StreamOf(packet.message);
  for (int i = 0; i < copies; ++i) {
    ++in_flight_;
    link_->to_client.Send(stream, [self = shared_from_this(), packet]() mutable {
      self->Deliver(std::move(packet));
    });
  }
}

void SimSession::Deliver(SimPacket packet) {
  --in_flight_;
  packet.uncounted += world_.Now() - packet.since;
  link_->client.OnMessage(std::move(packet));
  Pump();
}

}  // namespace mqrpc::simulation

#include "sim_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace mqrpc::simulation {
namespace {

// A broker counts whole seconds, and what it was told was rounded up to them.
constexpr absl::Duration kRounding = absl::Seconds(2);

const std::string kAll = "all";

bool IsUnreliable(const SimPacket& packet) { return packet.message.qos == QoS::kAtMostOnce; }

}  // namespace

void SimSession::Attach(Link link) {
  link_ = std::move(link);
  away_since_ = absl::InfiniteFuture();
  Pump();
}

void SimSession::Detach() {
  link_ = nullptr;
  away_since_ = world_.Now();
  std::erase_if(queue_, IsUnreliable);
  auto unacknowledged = std::exchange(unacknowledged_, {});
  for (auto sent = unacknowledged.rbegin(); sent != unacknowledged.rend(); ++sent) {
    bool is_once = sent->second.packet.message.qos == QoS::kExactlyOnce;
    if (is_once && (sent->second.has_arrived || world_.random.Chance(0.5))) continue;
    queue_.push_front(std::move(sent->second.packet));
  }
}

void SimSession::Send(SimPacket packet) {
  if (link_ == nullptr && IsUnreliable(packet)) return;
  if (queue_.size() >= world_.faults.broker_queue) {
    world_.ledger.NoteDrop(world_.Now());
    return world_.history.Add("the broker's queue for ", client_id_, " is full");
  }
  packet.since = world_.Now();
  queue_.push_back(std::move(packet));
  Pump();
}

void SimSession::Pump() {
  while (link_ != nullptr && !queue_.empty() && unacknowledged_.size() < world_.faults.in_flight) {
    SimPacket packet = std::move(queue_.front());
    queue_.pop_front();
    absl::Duration waited = world_.Now() - std::exchange(packet.since, world_.Now());
    packet.uncounted += std::min(waited, kRounding);
    std::optional<uint32_t>& expiry = packet.message.expiry_seconds;
    if (expiry.has_value()) {
      int64_t left = *expiry - absl::ToInt64Seconds(waited);
      if (left <= 0) {
        world_.history.Add("a message to ", client_id_, " has expired");
        continue;
      }
      *expiry = static_cast<uint32_t>(left);
    }
    Write(std::move(packet));
  }
}

void SimSession::Write(SimPacket packet) {
  QoS qos = packet.message.qos;
  uint64_t id = next_id_++;
  if (qos == QoS::kAtMostOnce) {
    if (!world_.random.Chance(world_.faults.loss)) return Transmit(id, packet);
    return world_.history.Add("a message to ", client_id_, " is lost");
  }
  Transmit(id, packet);
  if (qos == QoS::kAtLeastOnce && world_.random.Chance(world_.faults.duplicate)) {
    Transmit(id, packet);
  }
  unacknowledged_.emplace(id, Sent{std::move(packet)});
}

void SimSession::Transmit(uint64_t id, const SimPacket& packet) {
  std::string stream = world_.faults.keeps_order ? kAll : StreamOf(packet.message);
  link_->to_client.Send(
      stream,
      [self = shared_from_this(), link = link_, id, packet = SimPacket(packet)]() mutable {
        auto sent = self->unacknowledged_.find(id);
        if (sent != self->unacknowledged_.end()) sent->second.has_arrived = true;
        bool is_acknowledged = !IsUnreliable(packet);
        packet.uncounted += self->world_.Now() - packet.since;
        link->client.OnMessage(std::move(packet));
        if (is_acknowledged) link->to_broker.Send(kControl, [self, id] { self->OnAck(id); });
      });
}

void SimSession::OnAck(uint64_t packet) {
  unacknowledged_.erase(packet);
  Pump();
}

size_t SimSession::waiting() const {
  auto waits = [](const SimPacket& packet) {
    return !absl::StrContains(packet.message.topic, "/cancels/");
  };
  auto is_on_its_way = [&waits](const auto& sent) {
    return !sent.second.has_arrived && waits(sent.second.packet);
  };
  return static_cast<size_t>(
      std::count_if(queue_.begin(), queue_.end(), waits) +
      std::count_if(unacknowledged_.begin(), unacknowledged_.end(), is_on_its_way));
}

}  // namespace mqrpc::simulation

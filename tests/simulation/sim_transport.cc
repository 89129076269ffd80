#include "sim_transport.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "message_check.h"

namespace mqrpc::simulation {
namespace {

constexpr absl::Duration kConnectTimeout = absl::Seconds(2);

}  // namespace

SimTransport::SimTransport(World& world, SimLoop& loop, SimBroker& broker, Options options)
    : world_(world), loop_(loop), broker_(broker), options_(std::move(options)) {
  loop_.Post(WhileAlive([this] { Connect(); }));
}

SimTransport::~SimTransport() {
  if (link_ != nullptr) {
    link_->to_client.Close();
    link_->to_broker.Send(kControl, [&broker = broker_, link = link_] { broker.Drop(*link); });
  }
  table_.Clear();
  std::exchange(queue_, {}).clear();
  std::exchange(in_flight_, {}).clear();
}

EventLoop::Task SimTransport::WhileAlive(EventLoop::Task task) const {
  return [alive = std::weak_ptr(alive_), task = std::move(task)]() mutable {
    if (!alive.expired()) task();
  };
}

void SimTransport::Connect() {
  if (is_dead_) return;
  if (!broker_.is_up()) return ReconnectLater();
  SimLink::Client& self = *this;  // a private base, so only here
  link_ = std::make_shared<SimLink>(world_, options_.client_id, self, loop_);
  SimBroker::Connect connect = {
      .clean_start = !has_session_,
      .session_expiry = options_.session_expiry};
  link_->to_broker.Send(kControl, [&broker = broker_, link = link_, connect] {
    broker.OnConnect(link, connect);
  });
  loop_.RunAt(world_.Now() + kConnectTimeout, WhileAlive([this, attempt = link_] {
                if (link_ == attempt && !accepted_) Lose("no answer");
              }));
}

void SimTransport::ReconnectLater() {
  absl::Time when = world_.Soon(world_.faults.max_reconnect);
  loop_.RunAt(when, WhileAlive([this] { Connect(); }));
}

void SimTransport::OnAccepted(bool session_is_present) {
  if (has_session_ && !session_is_present) Report("the broker has kept no session");
  has_session_ = keeps_session();
  accepted_ = true;
  world_.history.Add(options_.client_id, " is connected");
  for (const auto& [filter, qos] : table_.FiltersToAsk()) SendSubscribe(filter, qos);
  PostHandOver();
}

void SimTransport::Lose(const std::string& why) {
  if (is_dead_) return;
  world_.history.Add(options_.client_id, " has lost the connection: ", why);
  link_->to_client.Close();
  link_ = nullptr;
  ReconnectLater();
  if (!std::exchange(accepted_, false)) {
    // What was not answered may have made a session that is not the one of before.
    if (std::exchange(has_session_, false)) Report("whether a session was kept is not known");
    return;
  }
  subscribing_.clear();
  auto in_flight = std::exchange(in_flight_, {});
  auto unsubscribing = std::exchange(unsubscribing_, {});
  for (const auto& [id, sent] : in_flight) {
    if (sent.qos == QoS::kExactlyOnce) has_session_ = false;  // as MosquittoTransport has it
  }
  absl::Status lost = absl::UnavailableError(absl::StrCat("the connection was lost: ", why));
  for (auto& [id, sent] : in_flight) sent.on_ack(lost);
  for (auto& [request, done] : unsubscribing) done();
  if (!has_session_) Report(why);
}

void SimTransport::Report(const std::string& loss) {
  if (watcher_ != nullptr) watcher_->OnLoss();
  table_.ReportAll(absl::UnavailableError(absl::StrCat("the connection was lost: ", loss)));
}

void SimTransport::Cut() {
  if (link_ == nullptr || is_dead_) return;
  world_.history.Add(options_.client_id, " is cut off");
  CutLink();
  loop_.RunAt(world_.Soon(world_.faults.max_unnoticed), WhileAlive([this, lost = link_] {
                if (link_ == lost) Lose("cut off");
              }));
}

void SimTransport::CutLink() {
  link_->to_client.Close();
  if (!world_.random.Chance(world_.faults.arrives_after_cut)) link_->to_broker.Close();
  world_.loop.RunAt(world_.Soon(world_.faults.max_unnoticed), [&broker = broker_, link = link_] {
    link->to_broker.Close();
    broker.Drop(*link);
  });
}

void SimTransport::Stall() {
  if (link_ == nullptr) return;
  world_.history.Add(options_.client_id, " is stalled");
  link_->to_broker.Stall(world_.Soon(world_.faults.max_stall));
  link_->to_client.Stall(world_.Soon(world_.faults.max_stall));
}

void SimTransport::Die() {
  if (link_ != nullptr) CutLink();
  link_ = nullptr;
  accepted_ = false;
  is_dead_ = true;
  watcher_ = nullptr;
}

Transport::SubscriptionId SimTransport::Subscribe(Subscription subscription) {
  std::string filter = subscription.filter;
  QoS qos = subscription.qos;
  internal::SubscriptionTable::Added added = table_.Add(std::move(subscription));
  if (accepted_ && added.first) SendSubscribe(filter, qos);
  if (added.granted) loop_.Post(WhileAlive([this] { table_.ReportJoined(); }));
  return added.id;
}

void SimTransport::SendSubscribe(const std::string& filter, QoS qos) {
  uint64_t request = next_id_++;
  subscribing_[request] = filter;
  link_->to_broker.Send(kControl, [&broker = broker_, link = link_, filter, qos, request] {
    broker.OnSubscribe(link, filter, qos, request);
  });
}

void SimTransport::OnSubscribed(uint64_t request) {
  auto found = subscribing_.extract(request);
  if (found.empty()) return;
  table_.Report(found.mapped(), absl::OkStatus());
  PostHandOver();
}

void SimTransport::Leave(SubscriptionId id) {
  SendUnsubscribe(table_.Leave(id), [] {});
}

void SimTransport::Unsubscribe(SubscriptionId id, absl::AnyInvocable<void()> done) {
  if (!done) done = [] {};
  SendUnsubscribe(table_.Remove(id), std::move(done));
}

void SimTransport::SendUnsubscribe(
    std::optional<std::string> filter,
    absl::AnyInvocable<void()> done) {
  if (!filter.has_value() || !accepted_) {
    return loop_.Post(WhileAlive(std::move(done)));
  }
  uint64_t request = next_id_++;
  unsubscribing_[request] = std::move(done);
  auto send = [&broker = broker_, link = link_, filter = *std::move(filter), request] {
    broker.OnUnsubscribe(link, filter, request);
  };
  link_->to_broker.Send(kControl, std::move(send));
}

void SimTransport::OnUnsubscribed(uint64_t request) {
  auto found = unsubscribing_.extract(request);
  if (!found.empty()) found.mapped()();
}

Transport::PublishId SimTransport::Publish(Compose compose, OnAck on_ack) {
  PublishId id = next_id_++;
  if (queue_.size() >= options_.max_queued) {
    world_.ledger.NoteDrop(world_.Now());
    loop_.Post(WhileAlive([this, on_ack = std::move(on_ack)]() mutable {
      on_ack(absl::ResourceExhaustedError(
          absl::StrCat(options_.max_queued, " messages are queued by ", options_.client_id)));
    }));
    return id;
  }
  queue_.emplace(id, Queued{std::move(compose), std::move(on_ack)});
  PostHandOver();
  return id;
}

void SimTransport::PostHandOver() {
  if (!std::exchange(is_posted_, true)) loop_.Post(WhileAlive([this] { HandOver(); }));
}

void SimTransport::HandOver() {
  is_posted_ = false;
  while (accepted_ && subscribing_.empty() && !queue_.empty() &&
         in_flight_.size() < world_.faults.in_flight) {
    auto next = queue_.extract(queue_.begin());
    Send(next.key(), std::move(next.mapped()));
  }
}

void SimTransport::Send(PublishId id, Queued queued) {
  std::optional<Message> message = queued.compose();
  if (!message.has_value()) return;
  if (absl::Status status = internal::CheckMessage(*message); !status.ok()) {
    return queued.on_ack(status);
  }
  if (watcher_ != nullptr) watcher_->OnSent(*message);
  QoS qos = message->qos;
  bool is_acknowledged = qos != QoS::kAtMostOnce;
  bool is_lost = !is_acknowledged && world_.random.Chance(world_.faults.loss);
  if (!is_lost) {
    std::string stream = StreamOf(*message);
    SimPacket packet = {.message = *std::move(message), .since = world_.Now()};
    auto send = [&broker = broker_, link = link_, packet = std::move(packet), id]() mutable {
      broker.OnPublish(link, std::move(packet), id);
    };
    link_->to_broker.Send(stream, std::move(send));
  }
  if (!is_acknowledged) return queued.on_ack(ReasonCode::kSuccess);
  in_flight_[id] = {.on_ack = std::move(queued.on_ack), .qos = qos};
}

void SimTransport::OnPublishAck(uint64_t id, ReasonCode reason) {
  auto found = in_flight_.extract(id);
  if (found.empty()) return;
  found.mapped().on_ack(reason);
  PostHandOver();
}

void SimTransport::OnMessage(SimPacket packet) {
  if (watcher_ != nullptr) watcher_->OnArrival(packet);
  table_.Dispatch(std::move(packet.message));
}

}  // namespace mqrpc::simulation

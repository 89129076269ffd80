#include "sim_broker.h"

#include <algorithm>
#include <utility>

#include "topic.h"

namespace mqrpc::simulation {

void SimBroker::OnConnect(const Link& link, const Connect& connect) {
  if (!is_up_) return;
  Session session = Find(link->client_id);
  if (session != nullptr && session->link() != nullptr) Drop(*session->link());
  session = Find(link->client_id);  // if it was kept
  if (session != nullptr && connect.clean_start) Forget(std::exchange(session, nullptr));
  bool is_present = session != nullptr;
  if (!is_present) {
    session = std::make_shared<SimSession>(world_, link->client_id, connect.session_expiry);
    sessions_.push_back(session);
  }
  link->to_client.Send(kControl, [&client = link->client, is_present] {
    client.OnAccepted(is_present);
  });
  session->Attach(link);
}

void SimBroker::OnSubscribe(
    const Link& link,
    const std::string& filter,
    QoS qos,
    uint64_t request) {
  Session session = Find(*link);
  if (session == nullptr) return;
  Route& route = RouteOf(filter);
  auto same = [&session](const Target& target) { return target.session == session; };
  auto known = std::find_if(route.targets.begin(), route.targets.end(), same);
  if (known == route.targets.end()) {
    route.targets.push_back({.session = session, .qos = qos});
  } else {
    known->qos = qos;
  }
  world_.history.Add(link->client_id, " is subscribed to ", filter);
  link->to_client.Send(kControl, [&client = link->client, request] {
    client.OnSubscribed(request);
  });
}

void SimBroker::OnUnsubscribe(const Link& link, const std::string& filter, uint64_t request) {
  Session session = Find(*link);
  if (session == nullptr) return;
  Remove(session, filter);
  world_.history.Add(link->client_id, " is unsubscribed from ", filter);
  link->to_client.Send(kControl, [&client = link->client, request] {
    client.OnUnsubscribed(request);
  });
}

void SimBroker::OnPublish(const Link& link, SimPacket packet, uint64_t id) {
  if (Find(*link) == nullptr) return;
  packet.uncounted += world_.Now() - packet.since;
  QoS qos = packet.message.qos;
  if (qos != QoS::kAtMostOnce && world_.random.Chance(world_.faults.refused)) {
    world_.history.Add("the broker refuses a message of ", link->client_id);
    return Acknowledge(*link, id, ReasonCode::kQuotaExceeded);
  }
  std::vector<Target> targets = TargetsOf(packet.message.topic);
  for (const Target& target : targets) {
    SimPacket copy = packet;
    copy.message.qos = std::min(qos, target.qos);
    target.session->Send(std::move(copy));
  }
  if (qos == QoS::kAtMostOnce) return;
  // As Mosquitto: nothing of the kind at QoS 2.
  bool nobody = targets.empty() && qos == QoS::kAtLeastOnce;
  Acknowledge(*link, id, nobody ? ReasonCode::kNoMatchingSubscribers : ReasonCode::kSuccess);
}

void SimBroker::Acknowledge(SimLink& link, uint64_t id, ReasonCode reason) {
  link.to_client.Send(kControl, [&client = link.client, id, reason] {
    client.OnPublishAck(id, reason);
  });
}

void SimBroker::Drop(const SimLink& link) {
  Session session = Find(link);
  if (session == nullptr) return;
  Close(*session->link());
  session->Detach();
  if (session->expiry() == absl::ZeroDuration()) return Forget(session);
  ForgetLater(session);
}

void SimBroker::Forget(const Session& session) {
  std::erase(sessions_, session);
  for (Route& route : routes_) {
    std::erase_if(route.targets, [&session](const Target& t) { return t.session == session; });
  }
  std::erase_if(routes_, [](const Route& route) { return route.targets.empty(); });
}

void SimBroker::ForgetLater(const Session& session) {
  auto forget = [this, weak = std::weak_ptr(session), since = session->away_since()] {
    Session expired = weak.lock();
    if (expired == nullptr || expired->away_since() != since) return;
    world_.history.Add("the session of ", expired->client_id(), " has expired");
    Forget(expired);
  };
  world_.loop.RunAt(world_.Now() + session->expiry(), std::move(forget));
}

void SimBroker::Stop(bool loses_sessions) {
  is_up_ = false;
  for (const Session& session : std::vector(sessions_)) {
    if (session->link() != nullptr) Drop(*session->link());
  }
  if (!loses_sessions) return;
  sessions_.clear();
  routes_.clear();
}

void SimBroker::Close(SimLink& link) {
  link.to_broker.Close();
  link.to_client.Send(kControl, [&client = link.client] { client.OnClosed(); });
}

size_t SimBroker::CountWaiting(const std::string& client_id) const {
  Session session = Find(client_id);
  return session == nullptr ? 0 : session->waiting();
}

SimBroker::Session SimBroker::Find(const SimLink& link) const {
  for (const Session& session : sessions_) {
    if (session->link().get() == &link) return session;
  }
  return nullptr;
}

SimBroker::Session SimBroker::Find(const std::string& client_id) const {
  for (const Session& session : sessions_) {
    if (session->client_id() == client_id) return session;
  }
  return nullptr;
}

SimBroker::Route& SimBroker::RouteOf(const std::string& filter) {
  for (Route& route : routes_) {
    if (route.filter == filter) return route;
  }
  bool is_shared = !internal::SplitShared(filter).group.empty();
  return routes_.emplace_back(Route{.filter = filter, .is_shared = is_shared});
}

void SimBroker::Remove(const Session& session, std::string_view filter) {
  for (Route& route : routes_) {
    if (route.filter != filter) continue;
    std::erase_if(route.targets, [&session](const Target& t) { return t.session == session; });
  }
  std::erase_if(routes_, [](const Route& route) { return route.targets.empty(); });
}

std::vector<SimBroker::Target> SimBroker::TargetsOf(std::string_view topic) {
  std::vector<Target> found;
  for (Route& route : routes_) {
    if (!internal::TopicMatches(internal::SplitShared(route.filter).filter, topic)) continue;
    if (!route.is_shared) {
      found.insert(found.end(), route.targets.begin(), route.targets.end());
      continue;
    }
    found.push_back(route.targets.front());
    std::rotate(route.targets.begin(), route.targets.begin() + 1, route.targets.end());
  }
  return found;
}

}  // namespace mqrpc::simulation

#include "mqrpc/directory.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "directory_core.h"
#include "from_now.h"
#include "mqrpc/presence.pb.h"
#include "mqrpc/serialize.h"
#include "run_in_loop.h"
#include "topic.h"
#include "wire_topics.h"

namespace mqrpc {
namespace internal {
namespace {

// More says nobody of himself, and all of it is kept.
constexpr size_t kMaxPresenceBytes = 1 << 20;

// Empty if nobody is there.
absl::StatusOr<std::vector<ServerPresence>> Decode(
    const std::string& client_id,
    const std::string& payload) {
  if (payload.size() > kMaxPresenceBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(payload.size(), " bytes; at most ", kMaxPresenceBytes));
  }
  std::vector<ServerPresence> servers;
  Presence presence;
  absl::Status status = ParseInto(payload, presence, Encoding::kJson, UnknownJson::kIgnore);
  if (!status.ok()) return status;
  for (const Presence::Server& server : presence.servers()) {
    servers.push_back(
        {.client_id = client_id,
         .incarnation = presence.incarnation(),
         .group = server.group(),
         .prefixes = {server.prefixes().begin(), server.prefixes().end()},
         .services = {server.services().begin(), server.services().end()},
         .instances = {server.instances().begin(), server.instances().end()}});
  }
  return servers;
}

}  // namespace

DirectoryCore::DirectoryCore(Transport& transport, DirectoryOptions options)
    : transport_(transport),
      options_(std::move(options)),
      status_(CheckPrefix("DirectoryOptions::prefix", options_.prefix)) {}

void DirectoryCore::Open() {
  if (!status_.ok()) return;
  RunInLoop(transport_.loop(), [this] {
    subscription_ = transport_.Subscribe(
        {.filter = wire::PresenceFilter(options_.prefix),
         .qos = QoS::kAtLeastOnce,
         .wants_retained = true,
         .on_message = [this](const Message& message) { OnMessage(message); },
         .on_state = [this](const absl::Status& state) { OnState(state); }});
  });
}

void DirectoryCore::Close() {
  RunInLoop(transport_.loop(), [this] {
    marker_.reset();
    if (subscription_ != 0) transport_.Unsubscribe(subscription_, nullptr);
  });
}

void DirectoryCore::OnState(const absl::Status& state) {
  marker_.reset();
  if (state.ok()) {
    ++round_;
    std::string topic = wire::DrainTopic(options_.prefix, transport_.client_id(), subscription_);
    marker_.emplace(transport_, std::move(topic), [this, round = round_] {
      // Also if the connection is lost: then another round comes.
      if (round == round_ && transport_.is_connected()) OnAllTold();
    });
    return;
  }
  if (absl::IsUnavailable(state)) return;
  MutexLock lock(mutex_);
  refused_ = state;
  changed_.NotifyAll();
}

void DirectoryCore::OnMessage(const Message& message) {
  std::string client_id(wire::MethodOf(message.topic));
  absl::StatusOr<std::vector<ServerPresence>> servers = Decode(client_id, message.payload);
  if (!servers.ok()) {
    options_.log(
        LogLevel::kDebug,
        absl::StrCat("what ", message.topic, " says cannot be read: ", servers.status().message()));
    return;
  }
  Set(client_id, *std::move(servers));
}

// Those that were told of before the last loss of our connection, and not since, have gone.
void DirectoryCore::OnAllTold() {
  std::vector<std::string> gone;
  {
    MutexLock lock(mutex_);
    for (const auto& [client_id, connection] : connections_) {
      if (connection.round != round_) gone.push_back(client_id);
    }
  }
  for (const std::string& client_id : gone) Set(client_id, {});
  MutexLock lock(mutex_);
  is_complete_ = true;
  refused_ = absl::OkStatus();
  changed_.NotifyAll();
}

void DirectoryCore::Set(const std::string& client_id, std::vector<ServerPresence> servers) {
  absl::StatusOr<std::vector<ServerPresence>> before = Exchange(client_id, servers);
  if (!before.ok()) {
    options_.log(LogLevel::kWarning, std::string(before.status().message()));
    return;
  }
  if (options_.on_change == nullptr) return;
  auto has = [](const std::vector<ServerPresence>& some, const ServerPresence& one) {
    return std::find(some.begin(), some.end(), one) != some.end();
  };
  for (const ServerPresence& server : *before) {
    if (!has(servers, server)) options_.on_change(server, false);
  }
  for (const ServerPresence& server : servers) {
    if (!has(*before, server)) options_.on_change(server, true);
  }
}

// What was known of it before.
absl::StatusOr<std::vector<ServerPresence>> DirectoryCore::Exchange(
    const std::string& client_id,
    std::vector<ServerPresence> servers) {
  MutexLock lock(mutex_);
  std::vector<ServerPresence> before;
  auto found = connections_.find(client_id);
  if (found != connections_.end()) {
    before = std::move(found->second.servers);
    connections_.erase(found);
  }
  if (servers.empty()) return before;
  if (connections_.size() >= options_.max_connections) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "DirectoryOptions::max_connections (",
        options_.max_connections,
        ") are known; not ",
        client_id));
  }
  connections_[client_id] = {std::move(servers), round_};
  return before;
}

absl::StatusOr<std::vector<ServerPresence>> DirectoryCore::Find(
    std::string_view service,
    absl::Duration limit) {
  if (!status_.ok()) return status_;
  MutexLock lock(mutex_);
  absl::Status status = WaitUntilComplete(limit);
  if (!status.ok()) return status;
  std::vector<ServerPresence> found;
  for (const auto& [client_id, connection] : connections_) {
    for (const ServerPresence& server : connection.servers) {
      if (service.empty() || server.Serves(service)) found.push_back(server);
    }
  }
  return found;
}

absl::Status DirectoryCore::WaitUntilComplete(absl::Duration limit) {
  if (!is_complete_ && refused_.ok() && transport_.loop().InLoop()) {
    return absl::FailedPreconditionError(
        "waiting to know who is there on the connection's own thread, which has to be told");
  }
  auto until = FromNow(limit);
  while (!is_complete_ && refused_.ok() && std::chrono::steady_clock::now() < until) {
    changed_.WaitUntil(mutex_, until);
  }
  if (!refused_.ok()) return absl::Status(refused_.code(), refused_.message());
  if (is_complete_) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat(
      "the broker has not told who is there below ",
      options_.prefix,
      "/presence/ within ",
      absl::FormatDuration(limit)));
}

}  // namespace internal

bool ServerPresence::Serves(std::string_view service) const {
  return std::find(services.begin(), services.end(), service) != services.end();
}

Directory::Directory(Transport& transport, DirectoryOptions options)
    : core_(std::make_unique<internal::DirectoryCore>(transport, std::move(options))) {
  core_->Open();
}

Directory::~Directory() { core_->Close(); }

absl::StatusOr<std::vector<ServerPresence>> Directory::Find(
    std::string_view service,
    absl::Duration limit) {
  return core_->Find(service, limit);
}

}  // namespace mqrpc

#include "presence_board.h"

#include <random>
#include <utility>

#include "mqrpc/serialize.h"
#include "wire.h"

namespace mqrpc::internal {

PresenceBoard::PresenceBoard(Transport& transport, std::string topic)
    : transport_(transport),
      topic_(std::move(topic)),
      incarnation_(uint64_t{std::random_device()()} << 32 | std::random_device()()) {}

void PresenceBoard::Set(const void* server, Presence::Server entry) {
  servers_[server] = std::move(entry);
  Publish();
}

void PresenceBoard::Remove(const void* server) {
  if (servers_.erase(server) > 0) Publish();
}

void PresenceBoard::Publish() {
  if (std::exchange(is_queued_, true)) return;
  transport_.Publish(
      [this]() -> std::optional<Message> {
        is_queued_ = false;
        return Compose();
      },
      // What is refused for want of room, or of rights, is only not known to be there.
      [this](const absl::StatusOr<ReasonCode>&) { is_queued_ = false; });
}

Message PresenceBoard::Compose() const {
  Message message;
  message.topic = topic_;
  message.retain = true;
  if (servers_.empty()) return message;
  Presence presence;
  for (const auto& [server, entry] : servers_) *presence.add_servers() = entry;
  presence.set_incarnation(incarnation_);
  message.content_type = wire::ContentTypeOf(Encoding::kJson);
  message.payload_is_utf8 = true;
  message.payload = Serialize(presence, Encoding::kJson).value_or("");
  return message;
}

}  // namespace mqrpc::internal

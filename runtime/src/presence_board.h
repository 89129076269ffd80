#ifndef MQRPC_PRESENCE_BOARD_H_
#define MQRPC_PRESENCE_BOARD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "mqrpc/presence.pb.h"
#include "mqrpc/transport.h"

namespace mqrpc::internal {

// What the servers of one connection say of themselves, in one retained message: MQTT has one will
// for each connection, which clears it when the connection is lost. A part of the transport. All in
// turns of its loop.
class PresenceBoard {
 public:
  // Both outlive it.
  PresenceBoard(Transport& transport, std::string topic);

  // Says it, or says it again: what was said before is gone when the connection was lost.
  void Set(const void* server, Presence::Server entry);

  // No more of it; nothing at all if it was the last.
  void Remove(const void* server);

 private:
  void Publish();
  Message Compose() const;

  Transport& transport_;
  const std::string topic_;
  const uint64_t incarnation_;
  std::map<const void*, Presence::Server> servers_;
  bool is_queued_ = false;  // a message that is made when it leaves
};

}  // namespace mqrpc::internal

#endif  // MQRPC_PRESENCE_BOARD_H_

#ifndef MQRPC_TESTS_SIMULATION_SIM_LINK_H_
#define MQRPC_TESTS_SIMULATION_SIM_LINK_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "mqrpc/message.h"
#include "sim_pipe.h"

namespace mqrpc::simulation {

// A message on its way.
struct SimPacket {
  Message message = {};
  absl::Time since = {};          // when it came to where it is
  absl::Duration uncounted = {};  // how much later it is than what it says of the remaining time
};

// One network connection. Both of its ends hold it, and either may think that it is there when the
// other has given up; it is the pipes that know.
struct SimLink {
  // What arrives at a client, each in a turn of its own.
  class Client {
   public:
    virtual ~Client() = default;
    virtual void OnAccepted(bool session_is_present) = 0;
    virtual void OnClosed() = 0;
    virtual void OnSubscribed(uint64_t request) = 0;
    virtual void OnUnsubscribed(uint64_t request) = 0;
    virtual void OnPublishAck(uint64_t id, ReasonCode reason) = 0;
    virtual void OnMessage(SimPacket packet) = 0;
  };

  SimLink(World& world, std::string name, Client& end, EventLoop& loop_of_client)
      : client_id(std::move(name)),
        client(end),
        to_broker(world, world.loop),
        to_client(world, loop_of_client) {}

  const std::string client_id;
  Client& client;  // closes `to_client` when it goes
  SimPipe to_broker;
  SimPipe to_client;
};

// The stream of packets that are not messages.
inline const std::string kControl;

inline std::string StreamOf(const Message& message) {
  return message.topic + static_cast<char>('0' + static_cast<int>(message.qos));
}

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_LINK_H_

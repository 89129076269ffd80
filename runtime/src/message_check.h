#ifndef MQRPC_MESSAGE_CHECK_H_
#define MQRPC_MESSAGE_CHECK_H_

#include "absl/status/status.h"
#include "mqrpc/message.h"

namespace mqrpc::internal {

// Whether a message can be sent over MQTT 5. A broker may close the connection over one that
// cannot, and all calls on it are lost then. INVALID_ARGUMENT naming the part of it that is wrong.
//
// An empty content type, user property key or value is refused too: MQTT has them, and they do
// arrive from elsewhere, but libmosquitto 2.0 crashes when it is to send one at QoS 1 or 2.
absl::Status CheckMessage(const Message& message);

}  // namespace mqrpc::internal

#endif  // MQRPC_MESSAGE_CHECK_H_

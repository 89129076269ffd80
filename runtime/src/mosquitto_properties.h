#ifndef MQRPC_MOSQUITTO_PROPERTIES_H_
#define MQRPC_MOSQUITTO_PROPERTIES_H_

#include <memory>

#include "mosquitto_client.h"
#include "mqrpc/message.h"

// As <mosquitto.h> has them.
struct mosquitto_message;
typedef struct mqtt5__property mosquitto_property;

namespace mqrpc::internal {

struct FreeProperties {
  void operator()(mosquitto_property* list) const;
};
using PropertyList = std::unique_ptr<mosquitto_property, FreeProperties>;  // null is an empty one

// Of a PUBLISH, both ways. Strings have been checked before they are sent.
PropertyList MakeProperties(const Message& message);
Message ReadMessage(const mosquitto_message& received, const mosquitto_property* properties);

// Of a CONNECT, its CONNACK, and the DISCONNECT that ends the session too.
PropertyList MakeConnectProperties(const MosquittoClient::Options& options);
MosquittoClient::Accepted ReadAccepted(
    const MosquittoClient::Options& asked,
    bool session_present,
    const mosquitto_property* properties);
PropertyList MakeDisconnectProperties(const MosquittoClient::Options& options);

}  // namespace mqrpc::internal

#endif  // MQRPC_MOSQUITTO_PROPERTIES_H_

#ifndef MQRPC_CALL_TOPIC_H_
#define MQRPC_CALL_TOPIC_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "mqrpc/channel.h"

namespace mqrpc::internal {

// Where the call of a method goes that all servers answer, or that has a topic of its own: the
// tokens of that are what the call says, or else its channel, or a field of the request.
// INVALID_ARGUMENT naming the token that is not bound, or is no level of a topic.
absl::StatusOr<std::string> TopicOf(
    const Method& method,
    const ChannelOptions& channel,
    const CallOptions& call,
    const google::protobuf::MessageLite& request);

}  // namespace mqrpc::internal

#endif  // MQRPC_CALL_TOPIC_H_

#ifndef MQRPC_WIRE_TOPICS_H_
#define MQRPC_WIRE_TOPICS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

// The topics of docs/protocol.md, as they are published to and subscribed to.
namespace mqrpc::internal::wire {

std::string RequestTopic(
    std::string_view prefix,
    std::string_view service,
    std::string_view method);
std::string ReplyTopic(std::string_view prefix, std::string_view client_id);
std::string InformedReplyTopic(std::string_view response_information, std::string_view client_id);
std::string CancelTopic(std::string_view prefix, std::string_view service);
std::string StreamTopic(std::string_view prefix, std::string_view client_id, uint64_t number);
std::string DrainTopic(std::string_view prefix, std::string_view client_id, uint64_t number);
std::string ServiceFilter(std::string_view prefix, std::string_view service);
std::string BroadcastTopic(
    std::string_view prefix,
    std::string_view service,
    std::string_view method);
std::string BroadcastFilter(std::string_view prefix, std::string_view service);
std::string PresenceTopic(std::string_view prefix, std::string_view client_id);
std::string PresenceFilter(std::string_view prefix);

std::string InstanceTopic(
    std::string_view prefix,
    std::string_view instance,
    std::string_view service,
    std::string_view method);
std::string InstanceFilter(std::string_view prefix, std::string_view instance);

// That of which each message goes to one server of the group.
std::string SharedFilter(std::string_view group, std::string_view filter);

// What is below a prefix; requests are in the first five.
inline constexpr std::string_view kTrees[] =
    {"services/", "instances/", "broadcast/", "batches/", "cancels/", "clients/", "presence/"};
inline constexpr size_t kRequestTrees = 5;

// The last levels of a topic that one of these filters matched.
std::string_view MethodOf(std::string_view topic);
std::string_view ServiceOf(std::string_view topic);

// Whether a server of `prefix` may send a reply there: not empty, no wildcards, not beginning with
// `$`, and not where a message would be taken for a request, and run with the server's rights.
absl::Status CheckReplyTopic(std::string_view prefix, std::string_view topic);

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_WIRE_TOPICS_H_

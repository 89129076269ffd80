#ifndef MQRPC_REQUEST_FIELD_H_
#define MQRPC_REQUEST_FIELD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message_lite.h"
#include "mqrpc/topic_tokens.h"

namespace mqrpc::internal {

// The fields on the way to the one that a path such as `valve.id` names, that one last: a string,
// an integer, a bool or an enum; none of them repeated. INVALID_ARGUMENT says what there is
// instead.
absl::StatusOr<std::vector<const google::protobuf::FieldDescriptor*>> FindField(
    const google::protobuf::Descriptor& type,
    std::string_view path);

// What that field of a message says, an enum by name. INVALID_ARGUMENT if it has none, or is of the
// lite runtime.
absl::StatusOr<std::string> TextOfField(
    const google::protobuf::MessageLite& message,
    std::string_view path);

// INVALID_ARGUMENT if the topic of a request, as `{request.field}`, says another value than itself:
// who may publish there need not be allowed to ask for that.
absl::Status CheckTopicFields(
    const TopicTokens& tokens,
    const google::protobuf::MessageLite& request);

}  // namespace mqrpc::internal

#endif  // MQRPC_REQUEST_FIELD_H_

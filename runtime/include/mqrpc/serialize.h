#ifndef MQRPC_SERIALIZE_H_
#define MQRPC_SERIALIZE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"

namespace mqrpc {

// Bytes from and to messages, for generated code and the typed API.

// What the payload of a request, and so of its reply, is. JSON is protobuf's own mapping, for those
// who have no protobuf; of nothing at all it is an empty message, as in protobuf.
enum class Encoding { kProtobuf, kJson };

// INVALID_ARGUMENT naming the message type if a required field is missing, it exceeds 2 GiB, or is
// to be JSON and of a file with `optimize_for = LITE_RUNTIME`.
absl::StatusOr<std::string> Serialize(
    const google::protobuf::MessageLite& message,
    Encoding encoding = Encoding::kProtobuf);

// What to do about names in JSON that the message does not have. In protobuf they are ignored.
enum class UnknownJson { kRefuse, kIgnore };

// INVALID_ARGUMENT naming the message type, and in JSON the place, if the bytes are not one.
absl::Status ParseInto(
    const std::string& bytes,
    google::protobuf::MessageLite& message,
    Encoding encoding = Encoding::kProtobuf,
    UnknownJson unknown = UnknownJson::kRefuse);

// A reply: a status passes through; bytes that do not parse are INTERNAL, the service's fault. That
// may be newer, and say more in JSON than is known here.
template <class Reply>
absl::StatusOr<Reply> Parse(
    absl::StatusOr<std::string> bytes,
    Encoding encoding = Encoding::kProtobuf) {
  if (!bytes.ok()) return std::move(bytes).status();
  Reply reply;
  absl::Status parsed = ParseInto(*bytes, reply, encoding, UnknownJson::kIgnore);
  if (!parsed.ok()) return absl::InternalError(parsed.message());
  return reply;
}

}  // namespace mqrpc

#endif  // MQRPC_SERIALIZE_H_

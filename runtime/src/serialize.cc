#include "mqrpc/serialize.h"

#include "absl/strings/str_cat.h"

namespace mqrpc {

absl::StatusOr<std::string> Serialize(const google::protobuf::MessageLite& message) {
  if (!message.IsInitialized()) {
    return absl::InvalidArgumentError(absl::StrCat(
        message.GetTypeName(),
        " lacks required fields: ",
        message.InitializationErrorString()));
  }
  std::string bytes;
  if (!message.SerializeToString(&bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(message.GetTypeName(), " is larger than protobuf's 2 GiB"));
  }
  return bytes;
}

absl::Status ParseInto(const std::string& bytes, google::protobuf::MessageLite& message) {
  // Partial, because a missing required field would be logged by protobuf itself.
  if (!message.ParsePartialFromString(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(bytes.size(), " bytes that do not parse as ", message.GetTypeName()));
  }
  if (!message.IsInitialized()) {
    return absl::InvalidArgumentError(absl::StrCat(
        message.GetTypeName(),
        " lacks required fields: ",
        message.InitializationErrorString()));
  }
  return absl::OkStatus();
}

}  // namespace mqrpc

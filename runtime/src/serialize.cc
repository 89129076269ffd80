#include "mqrpc/serialize.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"

namespace mqrpc {
namespace {

using google::protobuf::Message;
using google::protobuf::MessageLite;

absl::Status CheckInitialized(const MessageLite& message) {
  if (message.IsInitialized()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      message.GetTypeName(),
      " lacks required fields: ",
      message.InitializationErrorString()));
}

// Without its descriptor nothing is known of the names of its fields.
absl::Status NoJson(const MessageLite& message) {
  return absl::InvalidArgumentError(
      absl::StrCat(message.GetTypeName(), " has no JSON: it is of the lite runtime"));
}

absl::StatusOr<std::string> SerializeJson(const MessageLite& message) {
  auto* full = dynamic_cast<const Message*>(&message);
  if (full == nullptr) return NoJson(message);
  std::string json;
  auto status = google::protobuf::util::MessageToJsonString(*full, &json);
  if (status.ok()) return json;
  return absl::InvalidArgumentError(absl::StrCat(
      message.GetTypeName(),
      " cannot be written as JSON: ",
      std::string(status.message())));
}

absl::Status ParseJsonInto(const std::string& json, MessageLite& message, UnknownJson unknown) {
  message.Clear();
  if (json.empty()) return absl::OkStatus();
  auto* full = dynamic_cast<Message*>(&message);
  if (full == nullptr) return NoJson(message);
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = unknown == UnknownJson::kIgnore;
  auto status = google::protobuf::util::JsonStringToMessage(json, full, options);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "JSON that does not parse as ",
      message.GetTypeName(),
      ": ",
      std::string(status.message())));
}

}  // namespace

absl::StatusOr<std::string> Serialize(const MessageLite& message, Encoding encoding) {
  if (absl::Status status = CheckInitialized(message); !status.ok()) return status;
  if (encoding == Encoding::kJson) return SerializeJson(message);
  std::string bytes;
  if (!message.SerializeToString(&bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(message.GetTypeName(), " is larger than protobuf's 2 GiB"));
  }
  return bytes;
}

absl::Status ParseInto(
    const std::string& bytes,
    MessageLite& message,
    Encoding encoding,
    UnknownJson unknown) {
  if (encoding == Encoding::kJson) {
    if (absl::Status status = ParseJsonInto(bytes, message, unknown); !status.ok()) return status;
    // Partial, because a missing required field would be logged by protobuf itself.
  } else if (!message.ParsePartialFromString(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(bytes.size(), " bytes that do not parse as ", message.GetTypeName()));
  }
  return CheckInitialized(message);
}

}  // namespace mqrpc

#include "message_check.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "text.h"
#include "topic.h"

namespace mqrpc::internal {
namespace {

constexpr size_t kMaxBinaryBytes = 65'535;

absl::Status CheckFilledString(std::string_view what, const std::string& value) {
  if (!value.empty()) return CheckString(what, value);
  return absl::InvalidArgumentError(absl::StrCat(View(what), " is empty"));
}

absl::Status CheckUserProperty(const std::string& key, const std::string& value) {
  absl::Status status = CheckFilledString("user property key", key);
  if (!status.ok() || CheckFilledString("", value).ok()) return status;
  // Named only now: this is a rare way, and names cost an allocation.
  std::string name =
      absl::StrCat("the value of user property \"", absl::CHexEscape(key.substr(0, 80)), "\"");
  return CheckFilledString(name, value);
}

}  // namespace

absl::Status CheckMessage(const Message& message) {
  absl::Status status = CheckTopic("topic", message.topic);
  if (status.ok() && message.response_topic.has_value()) {
    status = CheckTopic("response topic", *message.response_topic);
  }
  if (status.ok() && message.content_type.has_value()) {
    status = CheckFilledString("content type", *message.content_type);
  }
  for (const auto& [key, value] : message.user_properties) {
    if (!status.ok()) return status;
    status = CheckUserProperty(key, value);
  }
  if (!status.ok()) return status;
  if (message.correlation_data.has_value() && message.correlation_data->size() > kMaxBinaryBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "correlation data has ",
        message.correlation_data->size(),
        " bytes; allowed: at most ",
        kMaxBinaryBytes));
  }
  if (message.payload_is_utf8 && !IsUtf8(message.payload)) {
    return absl::InvalidArgumentError("the payload is marked as UTF-8 but is not");
  }
  return absl::OkStatus();
}

}  // namespace mqrpc::internal

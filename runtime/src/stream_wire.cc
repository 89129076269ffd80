#include "stream_wire.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "metadata_wire.h"
#include "mqrpc/stream.pb.h"

namespace mqrpc::internal::wire {
namespace {

constexpr std::string_view kPartKey = "mqrpc-part";  // the number of its first frame, decimal
constexpr std::string_view kMoreKey = "mqrpc-more";  // 1: the next part continues the last frame
constexpr std::string_view kPartType = "application/vnd.mqrpc.part";  // none or several frames

}  // namespace

bool IsPart(const Message& message) { return FindProperty(message, kPartKey) != nullptr; }

Message EncodePart(const StreamAddress& address, absl::Duration remaining, StreamPart part) {
  Message message;
  message.topic = address.topic;
  message.qos = address.qos;
  message.response_topic = address.response_topic;
  message.correlation_data = address.correlation;
  message.expiry_seconds = ExpirySeconds(remaining);
  message.user_properties.emplace_back(kPartKey, absl::StrCat(part.first));
  if (part.is_continued) message.user_properties.emplace_back(kMoreKey, "1");
  if (part.length.has_value()) AddLength(*part.length, message);
  if (part.credit.has_value()) AddCredit(*part.credit, message);
  EncodeMetadata(part.headers, "", message);
  if (part.frames.size() == 1) {
    message.content_type = address.content_type;
    message.payload_is_utf8 =
        EncodingOf(address.content_type) == Encoding::kJson && !part.is_continued;
    message.payload = std::move(part.frames.front());
    return message;
  }
  message.content_type = std::string(kPartType);
  mqrpc::StreamPart several;
  several.mutable_frames()->Reserve(static_cast<int>(part.frames.size()));
  for (std::string& frame : part.frames) *several.add_frames() = std::move(frame);
  several.SerializeToString(&message.payload);
  return message;
}

absl::StatusOr<StreamPart> DecodePart(Message message) {
  const std::string* number = FindProperty(message, kPartKey);
  StreamPart part;
  if (number == nullptr || !absl::SimpleAtoi(*number, &part.first) || part.first == 0) {
    return absl::InternalError("a part of the stream has no number");
  }
  absl::StatusOr<Metadata> headers = DecodeMetadata(message, "");
  if (!headers.ok()) return absl::InternalError(headers.status().message());
  part.headers = *std::move(headers);
  part.is_continued = FindProperty(message, kMoreKey) != nullptr;
  part.length = DecodeLength(message);
  part.credit = DecodeCredit(message);
  part.response_topic = std::move(message.response_topic);
  if (message.content_type != kPartType) {
    part.frames.push_back(std::move(message.payload));
    return part;
  }
  mqrpc::StreamPart several;
  if (!several.ParseFromString(message.payload)) {
    return absl::InternalError("a part of the stream does not parse");
  }
  part.frames = {
      std::make_move_iterator(several.mutable_frames()->begin()),
      std::make_move_iterator(several.mutable_frames()->end())};
  return part;
}

}  // namespace mqrpc::internal::wire

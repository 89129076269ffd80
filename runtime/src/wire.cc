#include "wire.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "envelope.h"
#include "metadata_wire.h"
#include "round_up.h"
#include "text.h"
#include "topic.h"

namespace mqrpc::internal::wire {
namespace {

constexpr std::string_view kTimeoutKey = "mqrpc-timeout";  // whole milliseconds, decimal
constexpr std::string_view kStatusKey = "mqrpc-status";    // a canonical code, decimal; absent: OK
constexpr std::string_view kAttemptKey = "mqrpc-attempt";  // 2 and up, decimal; absent: 1
constexpr std::string_view kRefusedKey = "mqrpc-refused";  // the attempt which no handler has had
constexpr std::string_view kBatchesKey = "mqrpc-batches";  // asked for: 1; taken: so many calls
constexpr std::string_view kResponderKey = "mqrpc-responder";   // to a broadcast: a client id
constexpr std::string_view kCreditKey = "mqrpc-credit";         // `{frames} {bytes}`, decimal
constexpr std::string_view kStreamKey = "mqrpc-stream";         // 1: the requests come as a stream
constexpr std::string_view kLengthKey = "mqrpc-stream-length";  // frames, decimal
constexpr std::string_view kTrailerPrefix = "mqrpc-trailer-";
constexpr std::string_view kProtobuf = "application/protobuf";
constexpr std::string_view kJson = "application/json";  // parameters may follow

absl::StatusOr<absl::Duration> DecodeTimeout(const Message& message) {
  const std::string* text = FindProperty(message, kTimeoutKey);
  if (text == nullptr) return absl::InfiniteDuration();
  int32_t millis = 0;
  if (!absl::SimpleAtoi(*text, &millis) || millis <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        View(kTimeoutKey),
        " is \"",
        absl::CHexEscape(*text),
        "\"; it is a whole number of milliseconds from 1 to 2147483647"));
  }
  return absl::Milliseconds(millis);
}

std::optional<uint32_t> DecodeNumber(const Message& message, std::string_view key) {
  const std::string* text = FindProperty(message, key);
  uint32_t number = 0;
  if (text == nullptr || !absl::SimpleAtoi(*text, &number) || number == 0) return std::nullopt;
  return number;
}

absl::StatusOr<std::string> DecodeResult(Message message) {
  const std::string* text = FindProperty(message, kStatusKey);
  if (text == nullptr) return std::move(message.payload);
  int code = 0;
  if (!absl::SimpleAtoi(*text, &code) || code < 0) {
    return absl::InternalError(absl::StrCat(
        "the service answered with ",
        View(kStatusKey),
        " \"",
        absl::CHexEscape(*text),
        "\""));
  }
  if (code == 0) return std::move(message.payload);
  return DecodeEnvelope(code, message.payload, EncodingOf(message.content_type));
}

// Most replies have none, and no user properties at all.
absl::Status DecodeReplyMetadata(const Message& message, SharedMetadata& metadata) {
  if (message.user_properties.empty()) return absl::OkStatus();
  absl::StatusOr<Metadata> headers = DecodeMetadata(message, "");
  if (!headers.ok()) return headers.status();
  absl::StatusOr<Metadata> trailers = DecodeMetadata(message, kTrailerPrefix);
  if (!trailers.ok()) return trailers.status();
  metadata = ShareUnlessEmpty({*std::move(headers), *std::move(trailers)});
  return absl::OkStatus();
}

}  // namespace

const std::string* FindProperty(const Message& message, std::string_view key) {
  for (const auto& [name, value] : message.user_properties) {
    if (name == key) return &value;
  }
  return nullptr;
}

void AddCredit(const Credit& credit, Message& message) {
  message.user_properties.emplace_back(kCreditKey, absl::StrCat(credit.frames, " ", credit.bytes));
}

std::optional<Credit> DecodeCredit(const Message& message) {
  const std::string* text = FindProperty(message, kCreditKey);
  if (text == nullptr) return std::nullopt;
  std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(*text, absl::MaxSplits(' ', 1));
  Credit credit;
  bool is_valid = absl::SimpleAtoi(parts.first, &credit.frames) &&
                  absl::SimpleAtoi(parts.second, &credit.bytes);
  return is_valid ? std::optional<Credit>(credit) : std::nullopt;
}

void AddLength(uint64_t frames, Message& message) {
  message.user_properties.emplace_back(kLengthKey, absl::StrCat(frames));
}

std::optional<uint64_t> DecodeLength(const Message& message) {
  const std::string* text = FindProperty(message, kLengthKey);
  uint64_t frames = 0;
  if (text == nullptr || !absl::SimpleAtoi(*text, &frames)) return std::nullopt;
  return frames;
}

SharedMetadata ShareUnlessEmpty(ReplyMetadata metadata) {
  if (metadata.headers.empty() && metadata.trailers.empty()) return nullptr;
  return std::make_shared<const ReplyMetadata>(std::move(metadata));
}

Encoding EncodingOf(const std::optional<std::string>& content_type) {
  if (!content_type.has_value()) return Encoding::kProtobuf;
  std::string_view type = *content_type;
  type = type.substr(0, type.find_first_of("; "));
  return absl::EqualsIgnoreCase(View(type), View(kJson)) ? Encoding::kJson : Encoding::kProtobuf;
}

std::optional<std::string> ContentTypeOf(Encoding encoding) {
  return encoding == Encoding::kJson ? std::optional<std::string>(kJson) : std::nullopt;
}

std::array<char, 16> CorrelationBytes(uint64_t nonce, uint64_t call) {
  std::array<char, 16> bytes;
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(nonce >> (56 - 8 * i));
    bytes[8 + i] = static_cast<char>(call >> (56 - 8 * i));
  }
  return bytes;
}

std::string Correlation(uint64_t nonce, uint64_t call) {
  std::array<char, 16> bytes = CorrelationBytes(nonce, call);
  return std::string(bytes.data(), bytes.size());
}

std::optional<ParsedCorrelation> ParseCorrelation(std::string_view correlation) {
  if (correlation.size() != 16) return std::nullopt;
  ParsedCorrelation parsed;
  for (int i = 0; i < 8; ++i) {
    parsed.nonce = parsed.nonce << 8 | static_cast<uint8_t>(correlation[i]);
    parsed.call = parsed.call << 8 | static_cast<uint8_t>(correlation[8 + i]);
  }
  return parsed;
}

std::optional<uint32_t> ExpirySeconds(absl::Duration remaining) {
  if (remaining == absl::InfiniteDuration()) return std::nullopt;
  return static_cast<uint32_t>(std::max<int64_t>(1, RoundUp(remaining, absl::Seconds(1))));
}

Message EncodeRequest(
    std::string topic,
    std::optional<std::string> reply_topic,
    QoS qos,
    RequestFrame frame) {
  Message message;
  message.topic = std::move(topic);
  message.payload = std::move(frame.payload);
  message.qos = qos;
  message.response_topic = std::move(reply_topic);
  message.correlation_data = std::move(frame.correlation);
  message.content_type = std::move(frame.content_type);
  message.payload_is_utf8 = EncodingOf(message.content_type) == Encoding::kJson;
  message.expiry_seconds = ExpirySeconds(frame.remaining);
  int64_t millis = RoundUp(frame.remaining, absl::Milliseconds(1));
  message.user_properties.emplace_back(kTimeoutKey, absl::StrCat(millis));
  if (frame.attempt > 1) {
    message.user_properties.emplace_back(kAttemptKey, absl::StrCat(frame.attempt));
  }
  if (frame.asks_for_batches) message.user_properties.emplace_back(kBatchesKey, "1");
  if (frame.credit.has_value()) AddCredit(*frame.credit, message);
  if (frame.streams_requests) message.user_properties.emplace_back(kStreamKey, "1");
  EncodeMetadata(frame.headers, "", message);
  return message;
}

Message EncodeCancel(
    std::string topic,
    std::string reply_topic,
    std::string correlation,
    QoS qos,
    absl::Duration remaining) {
  Message message;
  message.topic = std::move(topic);
  message.qos = qos;
  message.response_topic = std::move(reply_topic);
  message.correlation_data = std::move(correlation);
  message.expiry_seconds = ExpirySeconds(remaining);
  return message;
}

absl::StatusOr<RequestFrame> DecodeRequest(Message message) {
  // An empty one is none: libmosquitto cannot send it back.
  if (message.content_type == "") message.content_type.reset();
  bool is_protobuf = !message.content_type.has_value() || *message.content_type == kProtobuf;
  if (!is_protobuf && EncodingOf(message.content_type) != Encoding::kJson) {
    return absl::InvalidArgumentError(absl::StrCat(
        "content type \"",
        *message.content_type,
        "\" is not served; send ",
        View(kProtobuf),
        ", ",
        View(kJson),
        ", or none"));
  }
  absl::StatusOr<absl::Duration> timeout = DecodeTimeout(message);
  if (!timeout.ok()) return timeout.status();
  absl::StatusOr<Metadata> headers = DecodeMetadata(message, "");
  if (!headers.ok()) return headers.status();
  RequestFrame frame;
  frame.headers = *std::move(headers);
  frame.remaining = *timeout;
  if (message.expiry_seconds.has_value()) {
    frame.remaining = std::min(frame.remaining, absl::Seconds(*message.expiry_seconds));
  }
  frame.attempt = DecodeNumber(message, kAttemptKey).value_or(1);
  frame.asks_for_batches = DecodeNumber(message, kBatchesKey).has_value();
  frame.credit = DecodeCredit(message);
  frame.streams_requests = FindProperty(message, kStreamKey) != nullptr;
  frame.correlation = std::move(message.correlation_data);
  frame.content_type = std::move(message.content_type);
  frame.payload = std::move(message.payload);
  return frame;
}

Message EncodeReply(
    const ReplyAddress& address,
    absl::Duration remaining,
    absl::StatusOr<std::string> result,
    Ran ran,
    const SharedMetadata& metadata) {
  Message message;
  message.topic = address.topic.text();
  message.correlation_data = address.correlation;
  message.content_type = address.content_type;
  message.qos = address.qos;
  message.expiry_seconds = ExpirySeconds(remaining);
  if (address.offers_batches) {
    message.user_properties.emplace_back(kBatchesKey, absl::StrCat(kMaxBatchCalls));
  }
  if (!address.responder.empty()) {
    message.user_properties.emplace_back(kResponderKey, address.responder.text());
  }
  if (address.stream_length > 0) AddLength(address.stream_length, message);
  if (metadata != nullptr) {
    EncodeMetadata(metadata->headers, "", message);
    EncodeMetadata(metadata->trailers, kTrailerPrefix, message);
  }
  Encoding encoding = EncodingOf(address.content_type);
  message.payload_is_utf8 = encoding == Encoding::kJson;
  if (result.ok()) {
    message.payload = *std::move(result);
    return message;
  }
  message.payload = EncodeEnvelope(result.status(), encoding);
  message.user_properties.emplace_back(
      kStatusKey,
      absl::StrCat(static_cast<int>(result.status().code())));
  if (ran == Ran::kNo) {
    message.user_properties.emplace_back(kRefusedKey, absl::StrCat(address.attempt));
  }
  return message;
}

Reply DecodeReply(Message message) {
  std::optional<uint32_t> refused = DecodeNumber(message, kRefusedKey);
  uint32_t most_in_batch = DecodeNumber(message, kBatchesKey).value_or(0);
  const std::string* responder = FindProperty(message, kResponderKey);
  std::string name = responder != nullptr ? *responder : "";
  uint64_t length = DecodeLength(message).value_or(0);
  SharedMetadata metadata;
  absl::Status status = DecodeReplyMetadata(message, metadata);
  absl::StatusOr<std::string> result = DecodeResult(std::move(message));
  if (!status.ok() && result.ok()) result = absl::InternalError(status.message());
  if (result.ok()) refused.reset();
  return {
      .result = std::move(result),
      .refused_attempt = refused,
      .most_in_batch = most_in_batch,
      .metadata = std::move(metadata),
      .responder = std::move(name),
      .stream_length = length};
}

bool IsTooLarge(const absl::StatusOr<ReasonCode>& ack) {
  return ack.ok() ? *ack == ReasonCode::kPacketTooLarge : absl::IsResourceExhausted(ack.status());
}

absl::Status StatusOfAck(ReasonCode reason, std::string_view topic) {
  if (reason == ReasonCode::kSuccess) return absl::OkStatus();
  std::string number = absl::StrCat("reason code 0x", absl::Hex(static_cast<int>(reason)));
  switch (reason) {
    case ReasonCode::kNoMatchingSubscribers:
      return absl::UnavailableError(absl::StrCat("nobody is subscribed to ", View(topic)));
    case ReasonCode::kNotAuthorized:
      return absl::PermissionDeniedError(
          absl::StrCat("the broker does not let us publish to ", View(topic)));
    case ReasonCode::kQuotaExceeded:
      return absl::ResourceExhaustedError(
          absl::StrCat("the broker's quota is used up, at ", View(topic)));
    case ReasonCode::kPacketTooLarge:
      return absl::ResourceExhaustedError(absl::StrCat(
          "the message to ",
          View(topic),
          " is larger than the broker's maximum packet size"));
    case ReasonCode::kTopicNameInvalid:
    case ReasonCode::kPayloadFormatInvalid:
      return absl::InvalidArgumentError(
          absl::StrCat("the broker refuses a message to ", View(topic), ": ", number));
    default:
      break;
  }
  if (static_cast<int>(reason) < 0x80) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the broker refuses a message to ", View(topic), ": ", number));
}

}  // namespace mqrpc::internal::wire

#ifndef MQRPC_WIRE_H_
#define MQRPC_WIRE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/message.h"
#include "mqrpc/metadata.h"
#include "mqrpc/serialize.h"
#include "mqrpc/shared_text.h"

// The one place that knows how calls are laid onto MQTT: topics, properties, the error envelope.
// docs/protocol.md specifies it. Functions of bytes to bytes; nothing of the network is trusted
// here.
namespace mqrpc::internal::wire {

// A timeout is more than zero and at most this.
inline constexpr absl::Duration kMaxTimeout = absl::Milliseconds(2147483647);

// How much of a stream may be sent, counted from its beginning. A frame may pass the limit of
// bytes, not begin beyond it.
struct Credit {
  uint64_t frames = 0;
  uint64_t bytes = 0;
};

// A request apart from how it travels.
struct RequestFrame {
  std::optional<std::string> correlation = {};
  std::optional<std::string> content_type = {};
  absl::Duration remaining = absl::InfiniteDuration();  // infinite: the caller named no limit
  uint32_t attempt = 1;
  bool asks_for_batches = false;      // whether the server takes them
  std::optional<Credit> credit = {};  // for what the server sends of a stream; none: no bound
  bool streams_requests = false;      // they are not in the payload, but come as a stream
  std::string payload = {};
  Metadata headers = {};
};

// Of a reply; null: none, as most have.
using SharedMetadata = std::shared_ptr<const ReplyMetadata>;
SharedMetadata ShareUnlessEmpty(ReplyMetadata metadata);

// That of a payload with such a content type, and the inverse; none is needed for protobuf.
Encoding EncodingOf(const std::optional<std::string>& content_type);
std::optional<std::string> ContentTypeOf(Encoding encoding);

// What is taken of one message, both ways. More is refused, since each call of it costs far more
// than its bytes.
inline constexpr size_t kMaxBatchCalls = 256;

// The payloads that we put into one message. With more, calls of 16 KiB get slower again.
inline constexpr size_t kMaxBatchBytes = 128 << 10;

// Whether a handler has had the request. One that no handler has had may be sent again.
enum class Ran { kNo, kYes };

// Where a reply goes, and what it repeats of its request.
struct ReplyAddress {
  SharedText topic = {};
  std::optional<std::string> correlation = {};
  std::optional<std::string> content_type = {};
  QoS qos = QoS::kAtLeastOnce;
  uint32_t attempt = 1;
  bool is_in_batch = false;     // so that the reply may be
  bool offers_batches = false;  // as the request has asked
  SharedText responder = {};    // who answers; empty: it is not said
  uint64_t stream_length = 0;   // frames of the stream that the reply ends
};

// The channel's nonce and the number of the call: 16 bytes.
std::array<char, 16> CorrelationBytes(uint64_t nonce, uint64_t call);
std::string Correlation(uint64_t nonce, uint64_t call);
struct ParsedCorrelation {
  uint64_t nonce = 0;
  uint64_t call = 0;
};
std::optional<ParsedCorrelation> ParseCorrelation(std::string_view correlation);

// Whole seconds, rounded up: the broker must not drop what somebody still waits for. None: for
// ever.
std::optional<uint32_t> ExpirySeconds(absl::Duration remaining);

// Without a reply topic nothing is answered.
Message EncodeRequest(
    std::string topic,
    std::optional<std::string> reply_topic,
    QoS qos,
    RequestFrame frame);

// That nobody waits for the reply any more, named as its request was.
Message EncodeCancel(
    std::string topic,
    std::string reply_topic,
    std::string correlation,
    QoS qos,
    absl::Duration remaining);

// INVALID_ARGUMENT says what is wrong with it, for the caller to read.
absl::StatusOr<RequestFrame> DecodeRequest(Message message);

// The payload, or the status in its envelope with its details.
Message EncodeReply(
    const ReplyAddress& address,
    absl::Duration remaining,
    absl::StatusOr<std::string> result,
    Ran ran,
    const SharedMetadata& metadata = nullptr);

// The inverse. A status that cannot be read is UNKNOWN or INTERNAL, never OK.
struct Reply {
  absl::StatusOr<std::string> result;
  std::optional<uint32_t> refused_attempt = {};  // which no handler has had; never if it is OK
  uint32_t most_in_batch = 0;                    // calls; 0: it has not been said
  SharedMetadata metadata = nullptr;
  std::string responder = {};
  uint64_t stream_length = 0;  // frames of the stream that it ends
};
Reply DecodeReply(Message message);

// The properties of messages, for those who lay more onto MQTT than calls.
const std::string* FindProperty(const Message& message, std::string_view key);
void AddCredit(const Credit& credit, Message& message);
std::optional<Credit> DecodeCredit(const Message& message);
void AddLength(uint64_t frames, Message& message);
std::optional<uint64_t> DecodeLength(const Message& message);

// Whether the broker takes no message of that size; its maximum may be checked before it is asked.
bool IsTooLarge(const absl::StatusOr<ReasonCode>& ack);

// What the broker's answer to a PUBLISH of `topic` means for the call.
absl::Status StatusOfAck(ReasonCode reason, std::string_view topic);

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_WIRE_H_

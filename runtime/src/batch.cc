#include "batch.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "envelope.h"
#include "round_up.h"
#include "text.h"

namespace mqrpc::internal::wire {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using Format = google::protobuf::internal::WireFormatLite;

// As Correlation Data may have, MQTT 5 section 1.5.6.
constexpr size_t kMaxCorrelationBytes = 65'535;

constexpr std::string_view kBatchType = "application/vnd.mqrpc.batch";

// Fields of proto/mqrpc/batch.proto.
constexpr int kFrame = 1;
constexpr int kCorrelation = 1;
constexpr int kTimeout = 2;
constexpr int kAttempt = 3;
constexpr int kStatus = 2;
constexpr int kRefused = 3;
constexpr int kPayload = 4;

// With its payload; for reserving room.
constexpr size_t kLikelyFrameBytes = 64;

constexpr uint32_t Tag(int field, Format::WireType type) { return Format::MakeTag(field, type); }
constexpr auto kBytes = Format::WIRETYPE_LENGTH_DELIMITED;
constexpr auto kNumber = Format::WIRETYPE_VARINT;

// All field numbers are below 16: a tag is one byte.
size_t SizeOfNumber(uint32_t value) {
  return value == 0 ? 0 : 1 + CodedOutputStream::VarintSize32(value);
}
size_t SizeOfBytes(std::string_view bytes) {
  if (bytes.empty()) return 0;
  return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(bytes.size())) + bytes.size();
}

uint32_t WholeSeconds(absl::Duration time) {
  return static_cast<uint32_t>(RoundUp(time, absl::Seconds(1)));
}

// Views what is read, which lies in one piece.
bool ReadBytes(CodedInputStream& input, std::string_view& bytes) {
  int size = 0;
  if (!input.ReadVarintSizeAsInt(&size) || size > input.BytesUntilLimit()) return false;
  const void* data = nullptr;
  int available = 0;
  input.GetDirectBufferPointerInline(&data, &available);
  bytes = std::string_view(static_cast<const char*>(data), static_cast<size_t>(size));
  return input.Skip(size);
}

// Empty if it is longer than may be sent back.
bool ReadCorrelation(CodedInputStream& input, std::string_view& correlation) {
  if (!ReadBytes(input, correlation)) return false;
  if (correlation.size() <= kMaxCorrelationBytes) return true;
  correlation = {};
  return false;
}

// Hands each field of a frame to `read`, which is to read it, or false: then it is skipped. What is
// wrong with the frame is returned.
template <class ReadField>
absl::Status ReadFrame(CodedInputStream& input, const ReadField& read) {
  while (uint32_t tag = input.ReadTag()) {
    std::optional<bool> is_read = read(tag);
    if (!is_read.has_value()) is_read = Format::SkipField(&input, tag);
    if (!*is_read) return absl::InvalidArgumentError("a call of a batch does not parse");
  }
  if (input.ConsumedEntireMessage()) return absl::OkStatus();  // else it was a zero
  return absl::InvalidArgumentError("a call of a batch does not parse");
}

absl::Status ReadRequest(CodedInputStream& input, BatchedRequest& request) {
  std::string_view correlation;
  uint32_t timeout = 0;
  std::string_view payload;
  absl::Status status = ReadFrame(input, [&](uint32_t tag) -> std::optional<bool> {
    switch (tag) {
      case Tag(kCorrelation, kBytes):
        return ReadCorrelation(input, correlation);
      case Tag(kTimeout, kNumber):
        return input.ReadVarint32(&timeout);
      case Tag(kAttempt, kNumber):
        return input.ReadVarint32(&request.frame.attempt);
      case Tag(kPayload, kBytes):
        return ReadBytes(input, payload);
      default:
        return std::nullopt;
    }
  });
  if (!correlation.empty()) request.frame.correlation.emplace(correlation);
  request.frame.payload = payload;
  request.frame.attempt = std::max(request.frame.attempt, 1u);
  if (!status.ok()) return status;
  absl::Duration remaining = absl::Milliseconds(timeout);
  if (timeout == 0 || remaining > kMaxTimeout) {
    return absl::InvalidArgumentError(
        absl::StrCat("the timeout of a call of a batch is ", timeout, "; 1 to 2147483647 ms"));
  }
  request.frame.remaining = remaining;
  return absl::OkStatus();
}

absl::Status ReadReply(CodedInputStream& input, BatchedReply& reply) {
  uint32_t code = 0;
  uint32_t refused = 0;
  std::string_view payload;
  absl::Status status = ReadFrame(input, [&](uint32_t tag) -> std::optional<bool> {
    switch (tag) {
      case Tag(kCorrelation, kBytes):
        return ReadBytes(input, reply.correlation);
      case Tag(kStatus, kNumber):
        return input.ReadVarint32(&code);
      case Tag(kRefused, kNumber):
        return input.ReadVarint32(&refused);
      case Tag(kPayload, kBytes):
        return ReadBytes(input, payload);
      default:
        return std::nullopt;
    }
  });
  if (!status.ok()) {
    reply.reply.result = absl::InternalError("the reply does not parse");
  } else if (code == 0) {
    reply.reply.result = std::string(payload);
  } else {
    reply.reply.result =
        DecodeEnvelope(static_cast<int>(std::min(code, 1000u)), std::string(payload));
  }
  if (refused > 0 && !reply.reply.result.ok()) reply.reply.refused_attempt = refused;
  return status;
}

// Reads the frames of a message. Each is at its place whatever is in it, as long as the lengths
// are right.
template <class Frame>
std::vector<Frame> ReadFrames(
    const std::string& payload,
    absl::Status (*read)(CodedInputStream&, Frame&)) {
  std::vector<Frame> frames;
  frames.reserve(std::min(kMaxBatchCalls, payload.size() / kLikelyFrameBytes + 1));
  const auto* bytes = reinterpret_cast<const uint8_t*>(payload.data());
  CodedInputStream input(bytes, static_cast<int>(payload.size()));
  input.PushLimit(static_cast<int>(payload.size()));
  bool is_whole = true;
  while (is_whole) {
    uint32_t tag = input.ReadTag();
    if (tag == 0) {
      is_whole = input.ConsumedEntireMessage();
      break;
    }
    if (tag != Tag(kFrame, kBytes)) {
      is_whole = Format::SkipField(&input, tag);
      continue;
    }
    int size = 0;
    is_whole = input.ReadVarintSizeAsInt(&size) && size <= input.BytesUntilLimit() &&
               frames.size() < kMaxBatchCalls;
    if (!is_whole) break;
    // A stream of its own: one that breaks off in a group does not come up from its depth.
    CodedInputStream own(bytes + input.CurrentPosition(), size);
    own.PushLimit(size);
    Frame& frame = frames.emplace_back();
    frame.status = read(own, frame);
    input.Skip(size);
  }
  if (is_whole) return frames;
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(
      "a batch does not parse after its call number ",
      frames.size(),
      ", or has more than ",
      kMaxBatchCalls));
  frames.emplace_back().status = std::move(status);
  return frames;
}

// A frame's own time is the one at which the batch left; the broker counts the time since then off
// the Message Expiry of the whole, which began as that of its longest frame.
void CountOffTimeAtBroker(std::optional<uint32_t> expiry, std::vector<BatchedRequest>& requests) {
  if (!expiry.has_value()) return;
  uint32_t longest = 0;
  for (const BatchedRequest& request : requests) {
    if (request.status.ok()) longest = std::max(longest, WholeSeconds(request.frame.remaining));
  }
  uint32_t passed = longest > *expiry ? longest - *expiry : 0;
  for (BatchedRequest& request : requests) {
    absl::Duration& remaining = request.frame.remaining;
    if (!request.status.ok()) {
      remaining = absl::Seconds(*expiry);
    } else if (passed > 0) {
      absl::Duration rest = absl::Seconds(WholeSeconds(remaining)) - absl::Seconds(passed);
      remaining = std::min(remaining, rest);
    }
  }
}

}  // namespace

std::string BatchTopic(std::string_view prefix, std::string_view service, std::string_view method) {
  return absl::StrCat(View(prefix), "/batches/", View(service), "/", View(method));
}

std::string BatchFilter(std::string_view group, std::string_view prefix, std::string_view service) {
  return absl::StrCat("$share/", View(group), "/", View(prefix), "/batches/", View(service), "/+");
}

bool IsBatch(const Message& message) { return message.content_type == kBatchType; }

void BatchWriter::BeginFrame(size_t size) {
  uint8_t head[1 + 5] = {static_cast<uint8_t>(Tag(kFrame, kBytes))};
  uint8_t* end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size), head + 1);
  payload_.append(reinterpret_cast<char*>(head), static_cast<size_t>(end - head));
}

void BatchWriter::AddNumber(int field, uint32_t value) {
  if (value == 0) return;
  uint8_t bytes[1 + 5] = {static_cast<uint8_t>(Tag(field, kNumber))};
  uint8_t* end = CodedOutputStream::WriteVarint32ToArray(value, bytes + 1);
  payload_.append(reinterpret_cast<char*>(bytes), static_cast<size_t>(end - bytes));
}

void BatchWriter::AddBytes(int field, std::string_view bytes) {
  if (bytes.empty()) return;
  uint8_t head[1 + 5] = {static_cast<uint8_t>(Tag(field, kBytes))};
  uint8_t* end =
      CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes.size()), head + 1);
  payload_.append(reinterpret_cast<char*>(head), static_cast<size_t>(end - head));
  payload_.append(bytes);
}

void BatchWriter::AddRequest(
    std::string_view correlation,
    absl::Duration remaining,
    uint32_t attempt,
    std::string_view payload) {
  auto timeout = static_cast<uint32_t>(RoundUp(remaining, absl::Milliseconds(1)));
  if (attempt == 1) attempt = 0;  // as if it were not said
  BeginFrame(
      SizeOfBytes(correlation) + SizeOfNumber(timeout) + SizeOfNumber(attempt) +
      SizeOfBytes(payload));
  AddBytes(kCorrelation, correlation);
  AddNumber(kTimeout, timeout);
  AddNumber(kAttempt, attempt);
  AddBytes(kPayload, payload);
}

void BatchWriter::AddReply(
    const ReplyAddress& address,
    const absl::StatusOr<std::string>& result,
    Ran ran) {
  std::string_view correlation = address.correlation ? *address.correlation : std::string_view();
  auto status = static_cast<uint32_t>(result.status().code());
  uint32_t refused = ran == Ran::kNo ? address.attempt : 0;
  std::string envelope = result.ok() ? std::string() : EncodeEnvelope(result.status());
  const std::string& payload = result.ok() ? *result : envelope;
  BeginFrame(
      SizeOfBytes(correlation) + SizeOfNumber(status) + SizeOfNumber(refused) +
      SizeOfBytes(payload));
  AddBytes(kCorrelation, correlation);
  AddNumber(kStatus, status);
  AddNumber(kRefused, refused);
  AddBytes(kPayload, payload);
}

Message BatchWriter::TakeRequests(
    std::string topic,
    std::optional<std::string> reply_topic,
    QoS qos,
    absl::Duration remaining) {
  Message message = TakeReplies(std::move(topic), qos, remaining);
  message.response_topic = std::move(reply_topic);
  return message;
}

Message BatchWriter::TakeReplies(std::string topic, QoS qos, absl::Duration remaining) {
  Message message;
  message.topic = std::move(topic);
  message.qos = qos;
  message.payload = std::exchange(payload_, {});
  message.content_type = kBatchType;
  message.expiry_seconds = ExpirySeconds(remaining);
  return message;
}

std::vector<BatchedRequest> DecodeRequests(const Message& message) {
  std::vector<BatchedRequest> requests = ReadFrames<BatchedRequest>(message.payload, ReadRequest);
  CountOffTimeAtBroker(message.expiry_seconds, requests);
  return requests;
}

std::vector<BatchedReply> DecodeReplies(const Message& message) {
  return ReadFrames<BatchedReply>(message.payload, ReadReply);
}

}  // namespace mqrpc::internal::wire

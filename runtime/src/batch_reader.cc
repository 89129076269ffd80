#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "batch.h"
#include "batch_fields.h"
#include "envelope.h"
#include "metadata_wire.h"
#include "round_up.h"
#include "text.h"

namespace mqrpc::internal::wire {
namespace {

using google::protobuf::io::CodedInputStream;

// As Correlation Data may have, MQTT 5 section 1.5.6.
constexpr size_t kMaxCorrelationBytes = 65'535;

// With its payload; for reserving room.
constexpr size_t kLikelyFrameBytes = 64;

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

// One that is not metadata is none, as in a message of its own.
bool ReadEntry(CodedInputStream& input, Metadata& metadata) {
  std::string_view bytes;
  if (!ReadBytes(input, bytes)) return false;
  CodedInputStream own(
      reinterpret_cast<const uint8_t*>(bytes.data()),
      static_cast<int>(bytes.size()));
  own.PushLimit(static_cast<int>(bytes.size()));
  std::string_view name;
  std::string_view value;
  absl::Status status = ReadFrame(own, [&](uint32_t tag) -> std::optional<bool> {
    if (tag == Tag(kName, kBytes)) return ReadBytes(own, name);
    if (tag == Tag(kValue, kBytes)) return ReadBytes(own, value);
    return std::nullopt;
  });
  if (status.ok() && CheckMetadata(name, value).ok()) metadata.Add(name, value);
  return status.ok();
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
      case Tag(kHeaders, kBytes):
        return ReadEntry(input, request.frame.headers);
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
  ReplyMetadata metadata;
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
      case Tag(kHeaders, kBytes):
        return ReadEntry(input, metadata.headers);
      case Tag(kTrailers, kBytes):
        return ReadEntry(input, metadata.trailers);
      default:
        return std::nullopt;
    }
  });
  reply.reply.metadata = ShareUnlessEmpty(std::move(metadata));
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

std::vector<BatchedRequest> DecodeRequests(const Message& message) {
  std::vector<BatchedRequest> requests = ReadFrames<BatchedRequest>(message.payload, ReadRequest);
  CountOffTimeAtBroker(message.expiry_seconds, requests);
  return requests;
}

std::vector<BatchedReply> DecodeReplies(const Message& message) {
  return ReadFrames<BatchedReply>(message.payload, ReadReply);
}

}  // namespace mqrpc::internal::wire

// What we write we read again: any calls and any answers, each in a message of its own and in
// batches.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "byte_reader.h"
#include "expect.h"
#include "metadata_wire.h"
#include "mqrpc/batch.pb.h"
#include "topic.h"
#include "wire.h"

namespace mqrpc::fuzz {
namespace {

using namespace internal;

constexpr size_t kMaxCalls = 10;

// Whatever may be sent.
Metadata ReadMetadata(ByteReader& input) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  Metadata metadata;
  for (uint32_t count = input.Below(3); count > 0; --count) {
    std::string name = input.Bytes();
    for (char& c : name) c = kLetters[static_cast<uint8_t>(c) % kLetters.size()];
    if (input.Flag()) name += "-bin";
    std::string value = input.Bytes();
    if (wire::CheckMetadata(name, value).ok()) metadata.Add(name, value);
  }
  return metadata;
}

wire::RequestFrame ReadFrame(ByteReader& input) {
  uint32_t millis = std::clamp(input.Number(), 1u, 2147483647u);
  return {
      .correlation = input.Bytes(),
      .remaining = absl::Milliseconds(millis) - absl::Microseconds(input.Below(2)),
      .attempt = std::max(input.Number(), 1u),
      .asks_for_batches = input.Flag(),
      .payload = input.Bytes(),
      .headers = ReadMetadata(input)};
}

void ExpectSame(const wire::RequestFrame& read, const wire::RequestFrame& written) {
  Expect(read.correlation.value_or("") == *written.correlation, "correlations are equal");
  Expect(read.attempt == written.attempt, "attempts are equal");
  Expect(read.payload == written.payload, "payloads are equal");
  Expect(read.headers == written.headers, "headers are equal");
  absl::Duration more = read.remaining - written.remaining;
  bool is_rounded_up = more >= absl::ZeroDuration() && more < absl::Milliseconds(1);
  Expect(is_rounded_up, "times are equal but for their rounding");
}

void FuzzRequests(ByteReader input) {
  std::vector<wire::RequestFrame> frames;
  wire::BatchWriter writer;
  absl::Duration longest = absl::Milliseconds(1);
  while (!input.empty() && frames.size() < kMaxCalls) {
    frames.push_back(ReadFrame(input));
    const wire::RequestFrame& frame = frames.back();
    writer.AddRequest(frame);
    longest = std::max(longest, frame.remaining);
    auto alone = wire::DecodeRequest(wire::EncodeRequest("t", "r", QoS::kAtLeastOnce, frame));
    Expect(alone.ok(), "a request that is written can be read");
    ExpectSame(*alone, frame);
    Expect(alone->asks_for_batches == frame.asks_for_batches, "it asks for the same");
  }
  Message message = writer.TakeRequests("t", "r", QoS::kAtLeastOnce, longest);
  RequestBatch batch;
  Expect(batch.ParseFromString(message.payload), "protobuf reads it");
  Expect(batch.SerializeAsString() == message.payload, "protobuf writes it the same");
  std::vector<wire::BatchedRequest> read = wire::DecodeRequests(message);
  Expect(read.size() == frames.size(), "all are read");
  for (size_t i = 0; i < read.size(); ++i) {
    Expect(read[i].status.ok(), "a call that is written can be read");
    ExpectSame(read[i].frame, frames[i]);
  }
}

// What a handler may answer: any code, message and details.
absl::StatusOr<std::string> ReadResult(ByteReader& input) {
  uint32_t code = input.Below(17);
  std::string payload = input.Bytes();
  if (code == 0) return payload;
  absl::Status status(static_cast<absl::StatusCode>(code), payload);
  for (uint32_t count = input.Below(4); count > 0; --count) {
    std::string type = input.Bytes();
    status.SetPayload(type, absl::Cord(input.Bytes()));
  }
  return status;
}

void ExpectSame(
    const wire::Reply& read,
    const absl::StatusOr<std::string>& written,
    std::optional<uint32_t> refused) {
  Expect(read.refused_attempt == refused, "refusals are equal");
  Expect(read.result.status().code() == written.status().code(), "codes are equal");
  if (written.ok()) {
    Expect(*read.result == *written, "payloads are equal");
    return;
  }
  bool is_text = IsUtf8(std::string(written.status().message()));
  written.status().ForEachPayload([&is_text](absl::string_view type, const absl::Cord&) {
    is_text = is_text && IsUtf8(std::string(type));
  });
  Expect(!is_text || read.result.status() == written.status(), "messages and details are equal");
}

void ExpectSame(const wire::SharedMetadata& read, const ReplyMetadata& written) {
  ReplyMetadata none;
  const ReplyMetadata& metadata = read != nullptr ? *read : none;
  Expect(metadata.headers == written.headers, "headers are equal");
  Expect(metadata.trailers == written.trailers, "trailers are equal");
}

void FuzzReplies(ByteReader input) {
  struct Written {
    std::string correlation;
    absl::StatusOr<std::string> result;
    std::optional<uint32_t> refused;
    ReplyMetadata metadata;
  };
  std::vector<Written> replies;
  wire::BatchWriter writer;
  while (!input.empty() && replies.size() < kMaxCalls) {
    wire::ReplyAddress to = {
        .topic = "t",
        .correlation = input.Bytes(),
        .attempt = std::max(input.Number(), 1u),
        .offers_batches = input.Flag()};
    absl::StatusOr<std::string> result = ReadResult(input);
    bool has_run = result.ok() || input.Flag();
    wire::Ran ran = has_run ? wire::Ran::kYes : wire::Ran::kNo;
    std::optional<uint32_t> refused;
    if (!has_run) refused = to.attempt;
    ReplyMetadata metadata = {ReadMetadata(input), ReadMetadata(input)};
    wire::SharedMetadata shared = wire::ShareUnlessEmpty(metadata);
    writer.AddReply(to, result, ran, shared);
    Message message = wire::EncodeReply(to, absl::Seconds(1), result, ran, shared);
    wire::Reply alone = wire::DecodeReply(message);
    Expect(message.correlation_data == to.correlation, "it has the call's correlation");
    Expect((alone.most_in_batch > 0) == to.offers_batches, "it offers the same");
    ExpectSame(alone, result, refused);
    ExpectSame(alone.metadata, metadata);
    replies.push_back({*to.correlation, std::move(result), refused, std::move(metadata)});
  }
  Message message = writer.TakeReplies("t", QoS::kAtLeastOnce, absl::Seconds(1));
  ReplyBatch batch;
  Expect(batch.ParseFromString(message.payload), "protobuf reads it");
  Expect(batch.SerializeAsString() == message.payload, "protobuf writes it the same");
  std::vector<wire::BatchedReply> read = wire::DecodeReplies(message);
  Expect(read.size() == replies.size(), "all are read");
  for (size_t i = 0; i < read.size(); ++i) {
    Expect(read[i].status.ok(), "a reply that is written can be read");
    Expect(read[i].correlation == replies[i].correlation, "correlations are equal");
    ExpectSame(read[i].reply, replies[i].result, replies[i].refused);
    ExpectSame(read[i].reply.metadata, replies[i].metadata);
  }
}

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mqrpc::fuzz::ByteReader input(data, size);
  mqrpc::fuzz::FuzzRequests(input);
  mqrpc::fuzz::FuzzReplies(input);
  return 0;
}

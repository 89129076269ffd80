#include "batch.h"

#include <google/protobuf/io/coded_stream.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "batch_fields.h"
#include "envelope.h"
#include "round_up.h"
#include "text.h"

namespace mqrpc::internal::wire {
namespace {

using google::protobuf::io::CodedOutputStream;

constexpr std::string_view kBatchType = "application/vnd.mqrpc.batch";

// All field numbers are below 16: a tag is one byte.
size_t SizeOfNumber(uint32_t value) {
  return value == 0 ? 0 : 1 + CodedOutputStream::VarintSize32(value);
}
size_t SizeOfBytes(std::string_view bytes) {
  if (bytes.empty()) return 0;
  return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(bytes.size())) + bytes.size();
}

size_t SizeOfEntry(const Metadata::Entry& entry) {
  return SizeOfBytes(entry.first) + SizeOfBytes(entry.second);
}

size_t SizeOfEntries(const Metadata& metadata) {
  size_t size = 0;
  for (const Metadata::Entry& entry : metadata) {
    size_t own = SizeOfEntry(entry);
    size += 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(own)) + own;
  }
  return size;
}

size_t SizeOfEntries(const ReplyMetadata& metadata) {
  return SizeOfEntries(metadata.headers) + SizeOfEntries(metadata.trailers);
}

}  // namespace

std::string BatchTopic(std::string_view prefix, std::string_view service, std::string_view method) {
  return absl::StrCat(View(prefix), "/batches/", View(service), "/", View(method));
}

std::string BatchFilter(std::string_view prefix, std::string_view service) {
  return absl::StrCat(View(prefix), "/batches/", View(service), "/+");
}

bool IsBatch(const Message& message) { return message.content_type == kBatchType; }

void BatchWriter::BeginMessage(int field, size_t size) {
  uint8_t head[1 + 5] = {static_cast<uint8_t>(Tag(field, kBytes))};
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

void BatchWriter::AddEntries(int field, const Metadata& metadata) {
  for (const Metadata::Entry& entry : metadata) {
    BeginMessage(field, SizeOfEntry(entry));
    AddBytes(kName, entry.first);
    AddBytes(kValue, entry.second);
  }
}

void BatchWriter::AddRequest(
    std::string_view correlation,
    absl::Duration remaining,
    uint32_t attempt,
    std::string_view payload,
    const Metadata& headers) {
  auto timeout = static_cast<uint32_t>(RoundUp(remaining, absl::Milliseconds(1)));
  if (attempt == 1) attempt = 0;  // as if it were not said
  BeginMessage(
      kFrame,
      SizeOfBytes(correlation) + SizeOfNumber(timeout) + SizeOfNumber(attempt) +
          SizeOfBytes(payload) + SizeOfEntries(headers));
  AddBytes(kCorrelation, correlation);
  AddNumber(kTimeout, timeout);
  AddNumber(kAttempt, attempt);
  AddBytes(kPayload, payload);
  AddEntries(kHeaders, headers);
}

void BatchWriter::AddReply(
    const ReplyAddress& address,
    const absl::StatusOr<std::string>& result,
    Ran ran,
    const SharedMetadata& metadata) {
  std::string_view correlation = address.correlation ? *address.correlation : std::string_view();
  auto status = static_cast<uint32_t>(result.status().code());
  uint32_t refused = ran == Ran::kNo ? address.attempt : 0;
  std::string envelope = result.ok() ? std::string() : EncodeEnvelope(result.status());
  const std::string& payload = result.ok() ? *result : envelope;
  BeginMessage(
      kFrame,
      SizeOfBytes(correlation) + SizeOfNumber(status) + SizeOfNumber(refused) +
          SizeOfBytes(payload) + (metadata != nullptr ? SizeOfEntries(*metadata) : 0));
  AddBytes(kCorrelation, correlation);
  AddNumber(kStatus, status);
  AddNumber(kRefused, refused);
  AddBytes(kPayload, payload);
  if (metadata == nullptr) return;
  AddEntries(kHeaders, metadata->headers);
  AddEntries(kTrailers, metadata->trailers);
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

}  // namespace mqrpc::internal::wire

// One request and one reply of any properties and payload, and the names that come with them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "byte_reader.h"
#include "expect.h"
#include "messages.h"
#include "topic.h"
#include "wire.h"
#include "wire_topics.h"

namespace mqrpc::fuzz {
namespace {

using namespace internal;

bool Same(const wire::RequestFrame& a, const wire::RequestFrame& b) {
  return a.correlation == b.correlation && a.content_type == b.content_type &&
         a.remaining == b.remaining && a.attempt == b.attempt &&
         a.asks_for_batches == b.asks_for_batches && a.payload == b.payload;
}

void FuzzRequest(const Message& message) {
  absl::StatusOr<wire::RequestFrame> frame = wire::DecodeRequest(message);
  if (!frame.ok()) {
    Expect(absl::IsInvalidArgument(frame.status()), "the caller is told that it is its fault");
    return;
  }
  Expect(frame->payload == message.payload, "the payload is as it came");
  Expect(frame->correlation == message.correlation_data, "the correlation is as it came");
  Expect(frame->attempt >= 1, "attempts are counted from 1");
  std::string type = frame->content_type.value_or("application/protobuf");
  Expect(type == "application/protobuf", "it is protobuf");
  absl::Duration expiry = message.expiry_seconds.has_value()
                              ? absl::Seconds(*message.expiry_seconds)
                              : absl::InfiniteDuration();
  Expect(frame->remaining <= expiry, "no call outlives its message");
  bool is_sendable =
      frame->remaining > absl::ZeroDuration() && frame->remaining <= wire::kMaxTimeout;
  if (!is_sendable) return;
  Message again = wire::EncodeRequest("t", "r", message.qos, *frame);
  absl::StatusOr<wire::RequestFrame> same = wire::DecodeRequest(again);
  Expect(same.ok() && Same(*same, *frame), "what is passed on is read the same");
}

void FuzzReply(const Message& message) {
  wire::Reply reply = wire::DecodeReply(message);
  bool is_refusal = reply.refused_attempt.has_value();
  Expect(!is_refusal || !reply.result.ok(), "what is OK was not refused");
  if (reply.result.ok()) Expect(*reply.result == message.payload, "the payload is as it came");
  int code = static_cast<int>(reply.result.status().code());
  Expect(code >= 0 && code <= 16, "a code is a canonical one");
  Message again = wire::EncodeReply(
      {.topic = "t", .attempt = reply.refused_attempt.value_or(1)},
      absl::InfiniteDuration(),
      reply.result,
      is_refusal ? wire::Ran::kNo : wire::Ran::kYes);
  wire::Reply same = wire::DecodeReply(again);
  Expect(same.result == reply.result, "what is passed on is read the same");
  Expect(same.refused_attempt == reply.refused_attempt, "a refusal stays one");
}

void FuzzCorrelation(std::string_view bytes) {
  std::optional<wire::ParsedCorrelation> parsed = wire::ParseCorrelation(bytes);
  Expect(parsed.has_value() == (bytes.size() == 16), "ours have 16 bytes");
  if (!parsed.has_value()) return;
  Expect(wire::Correlation(parsed->nonce, parsed->call) == bytes, "it is its parts");
}

// A server that answers there sends no request.
void FuzzReplyTopic(ByteReader input) {
  std::string prefix = input.Flag() ? "mqrpc" : "tenants/acme";
  constexpr const char* kTrees[] = {"services", "instances", "broadcast", "batches", "cancels"};
  std::string topic = input.Flag() ? prefix + "/" + kTrees[input.Below(5)] : "";
  topic += input.Rest();
  bool is_safe = wire::CheckReplyTopic(prefix, topic).ok();
  bool is_request = false;
  for (const char* tree : kTrees) {
    is_request = is_request || TopicMatches(prefix + "/" + tree + "/+/+", topic);
  }
  Expect(!is_safe || !is_request, "a request is refused");
  Expect(!is_safe || CheckTopic("", topic).ok(), "MQTT can carry it");
  Expect(!is_safe || !TopicMatches("$SYS/#", topic), "the broker's own topics are refused");
  bool is_below = topic.substr(0, prefix.size() + 1) == prefix + "/";
  bool is_hidden = !topic.empty() && topic.front() == '$';
  Expect(
      is_safe || is_below || is_hidden || !CheckTopic("", topic).ok(),
      "nothing else is refused");
}

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mqrpc;
  fuzz::ByteReader input(data, size);
  fuzz::FuzzReplyTopic(input);
  Message message = fuzz::ReadProperties(input);
  fuzz::FuzzCorrelation(message.correlation_data.value_or(""));
  message.payload = input.Rest();
  fuzz::FuzzRequest(message);
  fuzz::FuzzReply(message);
  internal::wire::StatusOfAck(static_cast<ReasonCode>(size > 0 ? data[0] : 0), "t").IgnoreError();
  return 0;
}

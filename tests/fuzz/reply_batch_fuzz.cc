// Batches of replies: any bytes, against the code that protoc makes of their schema; and frames of
// any bytes, none of which may harm another.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "byte_reader.h"
#include "expect.h"
#include "frames.h"
#include "mqrpc/batch.pb.h"

namespace mqrpc::fuzz {
namespace {

using internal::wire::BatchedReply;
using internal::wire::kMaxBatchCalls;

// The replies view their message.
struct Decoded {
  explicit Decoded(std::string payload) : message{.payload = std::move(payload)} {}

  const Message message;
  const std::vector<BatchedReply> calls = internal::wire::DecodeReplies(message);
};

bool Same(const BatchedReply& a, const BatchedReply& b) {
  return a.status == b.status && a.correlation == b.correlation &&
         a.reply.result == b.reply.result && a.reply.refused_attempt == b.reply.refused_attempt &&
         a.reply.most_in_batch == b.reply.most_in_batch;
}

void ExpectSound(const BatchedReply& reply) {
  bool is_refusal = reply.reply.refused_attempt.has_value();
  Expect(reply.status.ok() || !reply.reply.result.ok(), "what does not parse is never OK");
  Expect(!is_refusal || !reply.reply.result.ok(), "what is OK was not refused");
  Expect(!is_refusal || *reply.reply.refused_attempt >= 1, "attempts are counted from 1");
  int code = static_cast<int>(reply.reply.result.status().code());
  Expect(code >= 0 && code <= 16, "a code is a canonical one");
}

// What protobuf reads we read, and alike.
void ExpectAsSchema(const std::vector<BatchedReply>& replies, const std::string& payload) {
  ReplyBatch batch;
  if (!batch.ParseFromString(payload)) return;
  size_t size = static_cast<size_t>(batch.replies_size());
  Expect(replies.size() == std::min(size, kMaxBatchCalls + 1), "there are as many calls");
  for (size_t i = 0; i < std::min(size, kMaxBatchCalls); ++i) {
    const ReplyBatch::Reply& call = batch.replies(static_cast<int>(i));
    const absl::StatusOr<std::string>& result = replies[i].reply.result;
    Expect(replies[i].status.ok(), "it parses");
    Expect(replies[i].correlation == call.correlation(), "correlations are equal");
    Expect(result.ok() == (call.status() == 0), "an error is one, and nothing else is");
    if (result.ok()) {
      Expect(*result == call.payload(), "payloads are equal");
    } else {
      absl::StatusCode code = result.status().code();
      uint32_t expected = call.status() <= 16 ? call.status() : 2;
      Expect(static_cast<uint32_t>(code) == expected, "codes are equal, or unknown");
      Expect(replies[i].reply.refused_attempt.value_or(0) == call.refused(), "attempts are equal");
    }
  }
}

void FuzzBytes(const std::string& payload) {
  Decoded decoded(payload);
  const std::vector<BatchedReply>& replies = decoded.calls;
  Expect(replies.size() <= kMaxBatchCalls + 1, "the number of calls has its limit");
  for (const BatchedReply& reply : replies) ExpectSound(reply);
  ExpectAsSchema(replies, payload);
}

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mqrpc::fuzz::ByteReader input(data, size);
  mqrpc::fuzz::FuzzBytes(mqrpc::fuzz::ByteReader(input).Rest());
  mqrpc::fuzz::ExpectIndependent<mqrpc::fuzz::Decoded>(input, mqrpc::fuzz::Same);
  return 0;
}

// Batches of requests: any bytes, against the code that protoc makes of their schema; and frames of
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

using internal::wire::BatchedRequest;
using internal::wire::kMaxBatchCalls;
using internal::wire::kMaxTimeout;

struct Decoded {
  explicit Decoded(std::string payload)
      : calls(internal::wire::DecodeRequests({.payload = std::move(payload)})) {}

  const std::vector<BatchedRequest> calls;
};

bool Same(const BatchedRequest& a, const BatchedRequest& b) {
  return a.status == b.status && a.frame.correlation == b.frame.correlation &&
         a.frame.remaining == b.frame.remaining && a.frame.attempt == b.frame.attempt &&
         a.frame.payload == b.frame.payload;
}

void ExpectSound(const BatchedRequest& request) {
  Expect(request.frame.correlation != "", "an empty correlation is none");
  Expect(request.frame.attempt >= 1, "attempts are counted from 1");
  Expect(request.frame.remaining > absl::ZeroDuration(), "what is refused can be answered too");
  if (!request.status.ok()) return;
  Expect(request.frame.remaining <= kMaxTimeout, "a timeout has its limit");
}

// What protobuf reads we read, and alike.
void ExpectAsSchema(const std::vector<BatchedRequest>& requests, const std::string& payload) {
  RequestBatch batch;
  if (!batch.ParseFromString(payload)) return;
  size_t size = static_cast<size_t>(batch.requests_size());
  Expect(requests.size() == std::min(size, kMaxBatchCalls + 1), "there are as many calls");
  for (size_t i = 0; i < std::min(size, kMaxBatchCalls); ++i) {
    const RequestBatch::Request& call = batch.requests(static_cast<int>(i));
    const BatchedRequest& request = requests[i];
    absl::Duration timeout = absl::Milliseconds(call.timeout());
    bool is_timed = call.timeout() > 0 && timeout <= kMaxTimeout;
    Expect(request.status.ok() == is_timed, "only a timeout can be wrong");
    Expect(request.frame.correlation.value_or("") == call.correlation(), "correlations are equal");
    Expect(request.frame.attempt == std::max(call.attempt(), 1u), "attempts are equal");
    Expect(request.frame.payload == call.payload(), "payloads are equal");
    if (is_timed) Expect(request.frame.remaining == timeout, "timeouts are equal");
  }
}

void FuzzBytes(const std::string& payload) {
  std::vector<BatchedRequest> requests = Decoded(payload).calls;
  Expect(requests.size() <= kMaxBatchCalls + 1, "the number of calls has its limit");
  for (const BatchedRequest& request : requests) ExpectSound(request);
  ExpectAsSchema(requests, payload);
}

// However long the message was at the broker, no call gets more time, and each is counted the same.
void FuzzExpiry(ByteReader input) {
  uint32_t expiry = input.Number();
  std::string payload = input.Rest();
  std::vector<BatchedRequest> sent = Decoded(payload).calls;
  std::vector<BatchedRequest> late =
      internal::wire::DecodeRequests({.payload = payload, .expiry_seconds = expiry});
  Expect(sent.size() == late.size(), "time takes no calls away");
  for (size_t i = 0; i < sent.size(); ++i) {
    Expect(late[i].frame.remaining <= sent[i].frame.remaining, "time is not given back");
    Expect(
        !late[i].status.ok() || late[i].frame.remaining <= absl::Seconds(expiry),
        "no call outlives its message");
  }
}

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mqrpc::fuzz::ByteReader input(data, size);
  mqrpc::fuzz::FuzzBytes(mqrpc::fuzz::ByteReader(input).Rest());
  mqrpc::fuzz::ExpectIndependent<mqrpc::fuzz::Decoded>(input, mqrpc::fuzz::Same);
  mqrpc::fuzz::FuzzExpiry(input);
  return 0;
}

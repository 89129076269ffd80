// What the layers that a call passes cost, each by itself, and a whole call: by Google Benchmark.
// Payloads have 64 bytes; a benchmark with a number after a slash has so many calls in a message,
// in a table, or in flight. The rate is that of calls.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch.h"
#include "benchmark/benchmark.h"
#include "in_process_echo.h"
#include "pending_calls.h"
#include "reply_cache.h"
#include "wire.h"
#include "wire_topics.h"

namespace mqrpc::internal {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

const std::string& Payload() {
  static const std::string payload(64, 'x');
  return payload;
}

const std::string& RequestTopic() {
  static const std::string topic = wire::RequestTopic("mqrpc", "mqrpc.bench.EchoService", "Echo");
  return topic;
}

const std::string& ReplyTopic() {
  static const std::string topic = wire::ReplyTopic("mqrpc", "mqrpc-0123456789abcdef");
  return topic;
}

void CountCalls(State& state, int64_t in_each = 1) {
  state.SetItemsProcessed(state.iterations() * in_each);
}

Message EncodedRequest() {
  return wire::EncodeRequest(
      RequestTopic(),
      ReplyTopic(),
      QoS::kAtLeastOnce,
      {.correlation = wire::Correlation(1, 2),
       .remaining = absl::Seconds(30),
       .payload = Payload()});
}

wire::ReplyAddress AddressOf(uint64_t call) {
  return {.topic = ReplyTopic(), .correlation = wire::Correlation(1, call)};
}

Message EncodedReply(const wire::ReplyAddress& address) {
  return wire::EncodeReply(address, absl::Seconds(30), Payload(), wire::Ran::kYes);
}

void EncodeRequest(State& state) {
  for (auto _ : state) DoNotOptimize(EncodedRequest());
  CountCalls(state);
}
BENCHMARK(EncodeRequest);

// With a copy of the message, which it consumes.
void DecodeRequest(State& state) {
  const Message message = EncodedRequest();
  for (auto _ : state) DoNotOptimize(wire::DecodeRequest(message));
  CountCalls(state);
}
BENCHMARK(DecodeRequest);

void EncodeReply(State& state) {
  const wire::ReplyAddress address = AddressOf(1);
  for (auto _ : state) DoNotOptimize(EncodedReply(address));
  CountCalls(state);
}
BENCHMARK(EncodeReply);

// Likewise.
void DecodeReply(State& state) {
  const Message message = EncodedReply(AddressOf(1));
  for (auto _ : state) DoNotOptimize(wire::DecodeReply(message));
  CountCalls(state);
}
BENCHMARK(DecodeReply);

Message BatchOfRequests(size_t calls) {
  wire::BatchWriter writer;
  writer.Reserve(calls, calls * Payload().size());
  for (uint64_t call = 0; call < calls; ++call) {
    auto correlation = wire::CorrelationBytes(1, call);
    std::string_view bytes(correlation.data(), correlation.size());
    writer.AddRequest(bytes, absl::Seconds(30), 1, Payload());
  }
  return writer.TakeRequests(RequestTopic(), ReplyTopic(), QoS::kAtLeastOnce, absl::Seconds(30));
}

Message BatchOfReplies(const std::vector<wire::ReplyAddress>& addresses) {
  static const absl::StatusOr<std::string> result = Payload();
  wire::BatchWriter writer;
  writer.Reserve(addresses.size(), addresses.size() * Payload().size());
  for (const wire::ReplyAddress& address : addresses) {
    writer.AddReply(address, result, wire::Ran::kYes);
  }
  return writer.TakeReplies(ReplyTopic(), QoS::kAtLeastOnce, absl::Seconds(30));
}

std::vector<wire::ReplyAddress> AddressesOf(const State& state) {
  std::vector<wire::ReplyAddress> addresses;
  for (int64_t call = 0; call < state.range(); ++call) addresses.push_back(AddressOf(call));
  return addresses;
}

void EncodeRequestBatch(State& state) {
  for (auto _ : state) DoNotOptimize(BatchOfRequests(state.range()));
  CountCalls(state, state.range());
}
BENCHMARK(EncodeRequestBatch)->Arg(8)->Arg(64);

void DecodeRequestBatch(State& state) {
  const Message message = BatchOfRequests(state.range());
  for (auto _ : state) DoNotOptimize(wire::DecodeRequests(message));
  CountCalls(state, state.range());
}
BENCHMARK(DecodeRequestBatch)->Arg(8)->Arg(64);

void EncodeReplyBatch(State& state) {
  const std::vector<wire::ReplyAddress> addresses = AddressesOf(state);
  for (auto _ : state) DoNotOptimize(BatchOfReplies(addresses));
  CountCalls(state, state.range());
}
BENCHMARK(EncodeReplyBatch)->Arg(8)->Arg(64);

void DecodeReplyBatch(State& state) {
  const Message message = BatchOfReplies(AddressesOf(state));
  for (auto _ : state) DoNotOptimize(wire::DecodeReplies(message));
  CountCalls(state, state.range());
}
BENCHMARK(DecodeReplyBatch)->Arg(8)->Arg(64);

// In a table of so many calls: the oldest ends, a new one begins.
void TakeAndInsertPendingCall(State& state) {
  const uint64_t calls = state.range();
  PendingCalls pending;
  auto insert = [&pending](CallId id) {
    auto call = std::make_unique<PendingCall>();
    call->id = id;
    call->deadline = absl::UnixEpoch() + id * absl::Microseconds(1);
    pending.Insert(std::move(call));
  };
  for (CallId id = 0; id < calls; ++id) insert(id);
  CallId next = calls;
  for (auto _ : state) {
    DoNotOptimize(pending.Take(next - calls));
    insert(next++);
  }
  CountCalls(state);
}
BENCHMARK(TakeAndInsertPendingCall)->Arg(64)->Arg(1'000)->Arg(100'000);

ReplyCache::Request CachedRequest(const SharedText& topic, uint64_t call) {
  auto correlation = wire::CorrelationBytes(1, call);
  return {
      .topic = topic,
      .correlation = {correlation.begin(), correlation.end()},
      .fingerprint = call,
      .expires = absl::UnixEpoch() + call * absl::Microseconds(1)};
}

// A cache that has so many replies, and room for no more.
class FullCache {
 public:
  explicit FullCache(uint64_t entries) : cache_(entries, 1 << 30) {
    for (uint64_t i = 0; i < entries; ++i) AddNext();
  }

  // Also forgets the oldest.
  void AddNext() {
    ReplyCache::Admission admission = cache_.Admit(CachedRequest(topic_, next_++));
    cache_.Finish(admission.entry, result_);
  }

  ReplyCache::Admission Repeat(uint64_t call) { return cache_.Admit(CachedRequest(topic_, call)); }

 private:
  const SharedText topic_ = ReplyTopic();
  const ReplyCache::Answer result_ = {Payload()};
  ReplyCache cache_;
  uint64_t next_ = 0;
};

void KeepReply(State& state) {
  FullCache cache(state.range());
  for (auto _ : state) cache.AddNext();
  CountCalls(state);
}
BENCHMARK(KeepReply)->Arg(1'000)->Arg(100'000);

void FindKeptReply(State& state) {
  const uint64_t entries = state.range();
  FullCache cache(entries);
  uint64_t call = 0;
  for (auto _ : state) {
    call = (call + 7919) % entries;  // not in the order in which they came
    DoNotOptimize(cache.Repeat(call));
  }
  CountCalls(state);
}
BENCHMARK(FindKeptReply)->Arg(1'000)->Arg(100'000);

// Client, broker and server, over the in-process transport.
void WholeCall(State& state) {
  std::unique_ptr<bench::InProcessEcho> echo = bench::InProcessEcho::Start();
  if (echo == nullptr) return state.SkipWithError("the in-process server does not start");
  const uint64_t in_flight = state.range();
  for (auto _ : state) {
    if (echo->Call(in_flight) == in_flight) continue;
    return state.SkipWithError("a call was not answered");
  }
  CountCalls(state, state.range());
}
BENCHMARK(WholeCall)->Arg(1)->Arg(64)->Arg(512);

}  // namespace
}  // namespace mqrpc::internal

// A channel whose calls are answered by anything, over a connection on which anything happens: each
// call ends once, by its deadline, and OK only with what was sent to it.

#include <google/protobuf/wrappers.pb.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "batch.h"
#include "byte_reader.h"
#include "expect.h"
#include "frames.h"
#include "message_check.h"
#include "messages.h"
#include "mqrpc/channel.h"
#include "mqrpc/testing/manual_loop.h"
#include "runtime/fake_transport.h"
#include "runtime/outcome.h"
#include "wire.h"
#include "wire_topics.h"

namespace mqrpc::fuzz {
namespace {

using google::protobuf::BytesValue;
using namespace internal;

constexpr uint64_t kNonce = 1;
constexpr uint32_t kMaxCalls = 12;
constexpr absl::Duration kTimeout = absl::Seconds(30);

class ChannelUnderFire {
 public:
  ChannelUnderFire() { transport_.AnswerSubscriptions(absl::OkStatus()); }

  void Call(ByteReader& input) {
    if (calls_.size() == kMaxCalls) return;
    Method method = {
        .service = "acme.Valve",
        .name = input.Flag() ? "Turn" : "Look",
        .idempotency = static_cast<Idempotency>(input.Below(3))};
    calls_.push_back(tests::Watch(channel_.Start<BytesValue>(method, BytesValue())));
    loop_.RunUntilIdle();
  }

  void HandOver() {
    size_t before = transport_.sent().size();
    transport_.HandOver();
    for (size_t i = before; i < transport_.sent().size(); ++i) {
      const Message& request = transport_.sent()[i].message;
      Expect(CheckMessage(request).ok(), "MQTT can carry the request");
      if (!wire::IsBatch(request)) {
        Expect(wire::DecodeRequest(request).ok(), "a request can be read");
        continue;
      }
      for (const auto& one : wire::DecodeRequests(request)) {
        Expect(one.status.ok(), "a call of a batch can be read");
      }
    }
  }

  void Ack(ByteReader& input) {
    for (size_t i = 0; i < transport_.sent().size(); ++i) {
      if (!transport_.sent()[i].on_ack) continue;
      return transport_.Ack(i, static_cast<ReasonCode>(input.Byte()));
    }
  }

  void Reply(ByteReader& input) {
    Message message = ReadProperties(input);
    bool is_ours = input.Flag();
    if (is_ours) message.correlation_data = Correlation(input);
    message.payload = input.Bytes();
    wire::Reply reply = wire::DecodeReply(message);
    if (!message.retain) Note(message.correlation_data.value_or(""), reply);
    Deliver(std::move(message));
  }

  // Frames of any bytes, of any reply to a call of ours, and of sound ones.
  void ReplyInBatch(ByteReader& input) {
    Frames frames;
    std::vector<wire::ParsedCorrelation> answered;
    for (uint32_t count = input.Below(8); count > 0; --count) {
      uint32_t kind = input.Below(3);
      std::string correlation = kind == 0 ? "" : Correlation(input);
      if (kind == 0) frames.Add(input.Bytes());
      if (kind == 1) frames.Add("\x0a\x10" + correlation + input.Bytes());
      if (kind == 2) frames.Add("\x0a\x10" + correlation + "\x22\x03\x0a\x01x");
      if (kind == 2) answered.push_back(*wire::ParseCorrelation(correlation));
    }
    Message message = wire::BatchWriter().TakeReplies("", QoS::kAtLeastOnce, kTimeout);
    message.payload = frames.payload() + input.Bytes();
    for (const auto& one : wire::DecodeReplies(message))
      Note(std::string(one.correlation), one.reply);
    Deliver(std::move(message));
    for (auto [nonce, number] : answered) {
      if (nonce != kNonce || number > calls_.size()) continue;
      Expect(calls_[number - 1]->times == 1, "a sound reply ends its call, whatever is around it");
    }
  }

  void Wait(ByteReader& input) { loop_.Advance(absl::Milliseconds(1 << input.Below(16))); }

  void LoseConnection() {
    transport_.LoseConnection();
    transport_.AnswerSubscriptions(absl::OkStatus());
  }

  void End() {
    loop_.Advance(kTimeout);
    for (size_t i = 0; i < calls_.size(); ++i) {
      Expect(calls_[i]->times == 1, "a call ends once");
      if (calls_[i]->result.ok()) ExpectSent(i + 1, calls_[i]->result->value());
    }
  }

 private:
  // Of a call that there is, or will be; sometimes of another channel.
  static std::string Correlation(ByteReader& input) {
    uint64_t nonce = input.Below(8) == 7 ? kNonce + 1 : kNonce;
    return wire::Correlation(nonce, 1 + input.Below(kMaxCalls));
  }

  void Note(const std::string& correlation, const wire::Reply& reply) {
    if (reply.result.ok()) payloads_.emplace(correlation, *reply.result);
  }

  void Deliver(Message message) {
    message.topic = wire::ReplyTopic("mqrpc", transport_.client_id());
    transport_.Deliver(message);
  }

  void ExpectSent(uint64_t number, const std::string& value) {
    auto [first, last] = payloads_.equal_range(wire::Correlation(kNonce, number));
    bool is_own = false;
    for (auto at = first; at != last; ++at) {
      BytesValue reply;
      is_own = is_own || (reply.ParseFromString(at->second) && reply.value() == value);
    }
    Expect(is_own, "the result is what was sent to the call");
  }

  testing::ManualLoop loop_;
  tests::FakeTransport transport_{loop_};
  std::vector<std::shared_ptr<const tests::Outcome<BytesValue>>> calls_;
  std::multimap<std::string, std::string> payloads_;  // that were sent, by correlation
  Channel channel_{
      transport_,
      {.timeout = kTimeout,
       .executor = &loop_,
       .log = [](LogLevel, std::string_view) {},
       .random = [] { return kNonce; }}};
};

void Step(ChannelUnderFire& channel, ByteReader& input) {
  switch (input.Below(8)) {
    case 0:
      return channel.Call(input);
    case 1:
      return channel.HandOver();
    case 2:
      return channel.Ack(input);
    case 3:
    case 4:
      return channel.Reply(input);
    case 5:
      return channel.ReplyInBatch(input);
    case 6:
      return channel.Wait(input);
    default:
      return channel.LoseConnection();
  }
}

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mqrpc::fuzz::ByteReader input(data, size);
  mqrpc::fuzz::ChannelUnderFire channel;
  for (int steps = 0; steps < 50 && !input.empty(); ++steps) mqrpc::fuzz::Step(channel, input);
  channel.End();
  return 0;
}

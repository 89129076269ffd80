// A whole server that is sent any messages, each in a turn of its own: what is to be answered is
// answered once, and nothing else is.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
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
#include "mqrpc/server.h"
#include "mqrpc/testing/manual_loop.h"
#include "runtime/fake_transport.h"
#include "wire.h"
#include "wire_topics.h"

namespace mqrpc::fuzz {
namespace {

using namespace internal;

constexpr const char* kMethods[] = {"Echo", "Note", "Fail", "Drop", "Missing", ""};

class Valve final : public Service {
 public:
  ServiceDescriptor mqrpc_descriptor() override {
    auto echo = [](std::unique_ptr<ServerCall> call) {
      call->Write(call->Read().value_or(""));
      call->Finish(absl::OkStatus());
    };
    auto fail = [](std::unique_ptr<ServerCall> call) { call->Finish(absl::AbortedError("no")); };
    auto drop = [](std::unique_ptr<ServerCall>) {};
    return {
        "acme.Valve",
        {{{.name = "Echo"}, echo},
         {{.name = "Note", .idempotency = Idempotency::kNoSideEffects}, echo},
         {{.name = "Fail", .idempotency = Idempotency::kIdempotent}, fail},
         {{.name = "Drop"}, drop}}};
  }
};

// Who is answered: a response topic, and the correlation.
using Caller = std::pair<std::string, std::optional<std::string>>;

// What comes of one message.
struct Owed {
  std::map<Caller, int> replies = {};
  std::multimap<Caller, std::string> payloads = {};  // of the requests
  std::set<Caller> expired = {};                     // has had a request whose time was up
  std::set<Caller> sound = {};                       // surely to be answered

  void Add(const Caller& caller, const wire::RequestFrame& frame) {
    if (frame.remaining <= absl::ZeroDuration()) {
      expired.insert(caller);
      return;
    }
    ++replies[caller];
    payloads.emplace(caller, frame.payload);
  }
};

bool MayBeAnswered(const Message& message) {
  return !message.retain && message.response_topic.has_value() &&
         wire::CheckReplyTopic("mqrpc", *message.response_topic).ok();
}

class ServerUnderFire {
 public:
  ServerUnderFire() {
    Expect(server_.Register(valve_).ok(), "the service is registered");
    Expect(server_.Start().ok(), "the server starts");
    transport_.AnswerSubscriptions(absl::OkStatus());
  }

  void SendRequest(ByteReader& input) {
    Message message = ReadProperties(input);
    Address(message, "mqrpc/services/acme.Valve/", input);
    message.payload = input.Bytes();
    Owed owed;
    if (MayBeAnswered(message)) {
      absl::StatusOr<wire::RequestFrame> frame = wire::DecodeRequest(message);
      Caller caller = {*message.response_topic, message.correlation_data};
      owed.Add(caller, frame.ok() ? *frame : wire::RequestFrame());
    }
    Deliver(message, owed);
  }

  void SendBatch(ByteReader& input) {
    Message message = ReadProperties(input);
    Address(message, "mqrpc/batches/acme.Valve/", input);
    std::vector<std::string> names = FillBatch(message, input);
    Owed owed;
    if (MayBeAnswered(message)) {
      for (const wire::BatchedRequest& request : wire::DecodeRequests(message)) {
        if (!request.frame.correlation.has_value()) continue;
        owed.Add({*message.response_topic, *request.frame.correlation}, request.frame);
      }
      for (const std::string& name : names) owed.sound.insert({*message.response_topic, name});
      if (message.expiry_seconds.has_value()) owed.sound.clear();
    }
    Deliver(message, owed);
  }

  void Wait(ByteReader& input) { loop_.Advance(absl::Seconds(1 << input.Below(8))); }

 private:
  static void Address(Message& message, std::string_view tree, ByteReader& input) {
    message.topic = std::string(tree) + kMethods[input.Below(std::size(kMethods))];
    switch (input.Below(6)) {
      case 0:
        break;
      case 1:
        message.response_topic = input.Bytes();
        break;
      case 2:
        message.response_topic = "mqrpc/batches/acme.Valve/Echo";
        break;
      default:
        message.response_topic = "answers/here";
        break;
    }
  }

  // Frames of any bytes, and sound ones, whose correlations are returned.
  std::vector<std::string> FillBatch(Message& message, ByteReader& input) {
    Frames frames;
    std::vector<std::string> names;
    for (uint32_t count = input.Below(8); count > 0; --count) {
      if (input.Flag()) {
        frames.Add(input.Bytes());
        continue;
      }
      names.push_back("sound " + std::to_string(next_name_++));
      wire::BatchWriter writer;
      writer.AddRequest(names.back(), absl::Seconds(5), 1, names.back());
      Message alone = writer.TakeRequests("", {}, QoS::kAtLeastOnce, absl::Seconds(5));
      frames.Add(std::string_view(alone.payload).substr(2));
    }
    message.payload = frames.payload() + input.Bytes();
    return names;
  }

  void Deliver(const Message& message, const Owed& owed) {
    size_t before = transport_.sent().size();
    transport_.Deliver(message);
    transport_.HandOver();
    std::map<Caller, int> came;
    for (size_t i = before; i < transport_.sent().size(); ++i) {
      const Message& reply = transport_.sent()[i].message;
      Expect(CheckMessage(reply).ok(), "MQTT can carry the reply");
      Expect(!reply.retain && reply.qos == message.qos, "a reply is as its request");
      if (wire::IsBatch(reply)) {
        for (const wire::BatchedReply& one : wire::DecodeReplies(reply)) {
          Expect(one.status.ok(), "a reply that is written can be read");
          Note({reply.topic, std::string(one.correlation)}, one.reply, owed, came);
        }
      } else {
        Note({reply.topic, reply.correlation_data}, wire::DecodeReply(reply), owed, came);
      }
      transport_.Ack(i, ReasonCode::kSuccess);
    }
    for (const auto& [caller, count] : owed.replies) {
      // While one whose time was up is still known, another of its name is taken for a repetition.
      bool is_doubtful = owed.expired.count(caller) > 0;
      Expect(is_doubtful || came[caller] == count, "each is answered once");
    }
    for (const Caller& caller : owed.sound) Expect(came[caller] >= 1, "a sound one is answered");
    Expect(server_.stats().calls_running == 0, "all have ended");
  }

  static void Note(
      const Caller& caller,
      const wire::Reply& reply,
      const Owed& owed,
      std::map<Caller, int>& came) {
    auto known = owed.replies.find(caller);
    Expect(known != owed.replies.end(), "only who waits is answered");
    Expect(++came[caller] <= known->second, "none is answered more than once");
    if (!reply.result.ok()) return;
    bool is_own = false;
    auto [first, last] = owed.payloads.equal_range(caller);
    for (auto at = first; at != last; ++at) is_own = is_own || at->second == *reply.result;
    Expect(is_own, "the answer is that to the caller's request");
  }

  testing::ManualLoop loop_;
  tests::FakeTransport transport_{loop_};
  Valve valve_;
  Server server_{
      transport_,
      {.workers = 0,
       .max_message_size = 100,
       .max_kept_replies = 8,
       .max_kept_reply_bytes = 1000,
       .log = [](LogLevel, std::string_view) {}}};
  int next_name_ = 0;
};

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mqrpc::fuzz::ByteReader input(data, size);
  mqrpc::fuzz::ServerUnderFire server;
  for (int steps = 0; steps < 20 && !input.empty(); ++steps) {
    switch (input.Below(5)) {
      case 0:
        server.Wait(input);
        break;
      case 1:
      case 2:
        server.SendRequest(input);
        break;
      default:
        server.SendBatch(input);
        break;
    }
  }
  return 0;
}

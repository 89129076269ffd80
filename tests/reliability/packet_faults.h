#ifndef MQRPC_TESTS_RELIABILITY_PACKET_FAULTS_H_
#define MQRPC_TESTS_RELIABILITY_PACKET_FAULTS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "counter_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/testing/local_broker.h"
#include "runtime/log_events.h"
#include "runtime/proxy.h"
#include "runtime/status_matchers.h"
#include "support/events.h"
#include "test.pb.h"

namespace mqrpc::tests {

// Answers what it is asked, and counts how often.
class CountingService final : public Service {
 public:
  ServiceDescriptor mqrpc_descriptor() override { return DescribeCounter(Answer()); }

  int runs() const { return runs_; }

 private:
  Handler Answer() {
    return [this](std::unique_ptr<ServerCall> call) {
      ++runs_;
      call->Write(call->Read().value_or(""));
      call->Finish(absl::OkStatus());
    };
  }

  std::atomic<int> runs_ = 0;
};

inline bool IsConnack(const MqttPacket& p) { return p.type() == MqttPacket::Type::kConnack; }
inline bool IsPuback(const MqttPacket& p) { return p.type() == MqttPacket::Type::kPuback; }
inline bool IsPublish(const MqttPacket& p) { return p.type() == MqttPacket::Type::kPublish; }
inline bool IsRequest(const MqttPacket& p) {
  return IsPublish(p) && p.topic().find("/services/") != std::string_view::npos;
}
inline bool IsReply(const MqttPacket& p) { return IsPublish(p) && p.topic().ends_with("/replies"); }

// A client and a server at a real broker, each by a proxy that may do to their packets whatever the
// test wants.
class PacketFaults : public ::testing::Test {
 protected:
  using Edit = std::function<Verdict(const MqttPacket&)>;

  void SetUp() override {
    auto broker = testing::LocalBroker::Start();
    ASSERT_THAT(broker, IsOk());
    broker_ = *std::move(broker);
    client_proxy_ = std::make_unique<Proxy>(broker_->port());
    server_proxy_ = std::make_unique<Proxy>(broker_->port());
    auto transport = ConnectMosquitto({.broker = server_proxy_->address(), .log = log_.Sink()});
    ASSERT_THAT(transport, IsOk());
    server_transport_ = *std::move(transport);
    server_ = std::make_unique<Server>(*server_transport_, ServerOptions{.log = log_.Sink()});
    ASSERT_THAT(server_->Register(service_), IsOk());
    ASSERT_THAT(server_->Start(), IsOk());
  }

  void Connect(MosquittoOptions options = {}, ChannelOptions channel_options = {}) {
    options.broker = client_proxy_->address();
    options.client_id = "me";
    options.min_backoff = absl::Milliseconds(1);
    options.max_backoff = absl::Milliseconds(20);
    options.on_connection = [this](const absl::Status& s) { connection_.Add(Unshared(s)); };
    options.log = log_.Sink();
    auto transport = ConnectMosquitto(std::move(options));
    ASSERT_THAT(transport, IsOk());
    client_ = *std::move(transport);
    channel_options.timeout = kLongCall;
    channel_options.log = log_.Sink();
    channel_ = std::make_unique<Channel>(*client_, std::move(channel_options));
  }

  Call<Text> Start(const Method& method, const std::string& text, CallOptions options = {}) {
    Text request;
    request.set_text(text);
    return channel_->Start<Text>(method, request, options);
  }

  // A call to which nothing is done, and before whose end all that went before it has arrived.
  void ExpectThatCallsSucceed() {
    absl::StatusOr<Text> reply = Start(kSet, "another").Wait();
    ASSERT_THAT(reply, IsOk());
    EXPECT_EQ(reply->text(), "another");
  }

  // Does `edit` to the first packet of its kind, which is an event of `edited_`.
  Proxy::Rule Once(Direction direction, bool (*is_it)(const MqttPacket&), Edit edit) {
    return [this, direction, is_it, edit = std::move(edit), is_done = false](
               Direction its,
               const MqttPacket& packet) mutable -> Verdict {
      if (is_done || its != direction || !is_it(packet)) return Verdict::kForward;
      is_done = true;
      edited_.Add(packet.bytes());
      return edit(packet);
    };
  }
  Proxy::Rule Once(Direction direction, bool (*is_it)(const MqttPacket&), Verdict::Action action) {
    return Once(direction, is_it, [action](const MqttPacket&) -> Verdict { return action; });
  }

  // For what a rule notes, which may be asked until the proxies have gone.
  template <class T>
  std::shared_ptr<EventLog<T>> NewLog() {
    return std::make_shared<EventLog<T>>(events_);
  }

  static constexpr absl::Duration kLongCall = absl::Minutes(1);
  // Enough for a request to get anywhere on a busy machine.
  static constexpr absl::Duration kShortCall = absl::Seconds(1);

  Events events_;
  LogEvents log_;
  EventLog<absl::Status> connection_{events_};
  EventLog<std::string> edited_{events_};
  CountingService service_;
  std::unique_ptr<testing::LocalBroker> broker_;
  std::unique_ptr<Proxy> client_proxy_;
  std::unique_ptr<Proxy> server_proxy_;
  std::unique_ptr<Transport> server_transport_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Transport> client_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RELIABILITY_PACKET_FAULTS_H_

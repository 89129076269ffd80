// One packet of a call lost, doubled, late or false, between real connections and a real broker.

#include "packet_faults.h"

#include <ostream>
#include <string>
#include <vector>

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::HasSubstr;

using Code = absl::StatusCode;

class PacketFaultsTest : public PacketFaults {
 protected:
  void SetUp() override {
    PacketFaults::SetUp();
    Connect();
    ExpectThatCallsSucceed();
    runs_before_ = service_.runs();
  }

  int runs() const { return service_.runs() - runs_before_; }
  uint64_t late_replies() const { return channel_->stats().late_replies; }

 private:
  int runs_before_ = 0;
};

TEST_F(PacketFaultsTest, ARequestThatComesTwiceRunsOnce) {
  server_proxy_->SetRule(Once(Direction::kToClient, IsRequest, [](const MqttPacket& p) -> Verdict {
    return p.bytes() + p.WithPacketId(60000).bytes();
  }));
  EXPECT_THAT(Start(kAdd, "a").Wait(), IsOk());
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(runs(), 1);
  ExpectThatCallsSucceed();
  EXPECT_EQ(runs(), 2);
  EXPECT_EQ(server_->stats().repeated_requests, 1u);
}

TEST_F(PacketFaultsTest, ARequestWhoseReplyIsLostIsAnsweredAgainButRunsOnce) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsReply, Verdict::kDrop));
  RetryPolicy retry = {.max_attempts = 100, .attempt_timeout = absl::Milliseconds(100)};
  absl::StatusOr<Text> reply = Start(kSet, "a", {.retry = retry}).Wait();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "a");
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(runs(), 1);
  EXPECT_GE(channel_->stats().retries, 1u);
  EXPECT_GE(server_->stats().repeated_requests, 1u);
}

TEST_F(PacketFaultsTest, ACallThatMustNotRunTwiceWaitsForALostReplyInVain) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsReply, Verdict::kDrop));
  RetryPolicy retry = {.max_attempts = 100, .attempt_timeout = absl::Milliseconds(100)};
  auto call = Start(kAdd, "a", {.timeout = kShortCall, .retry = retry});
  EXPECT_THAT(call.Wait(), StatusIs(Code::kDeadlineExceeded, _));
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(channel_->stats().retries, 0u);
}

TEST_F(PacketFaultsTest, AReplyThatComesTwiceEndsTheCallOnce) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsReply, Verdict::kTwice));
  EXPECT_THAT(Start(kAdd, "a").Wait(), IsOk());
  ExpectThatCallsSucceed();
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(late_replies(), 1u);
  EXPECT_EQ(channel_->stats().calls_completed, 3u);
}

TEST_F(PacketFaultsTest, AReplyAfterTheDeadlineIsDropped) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsReply, Verdict::kHold));
  auto call = Start(kAdd, "a", {.timeout = kShortCall});
  EXPECT_THAT(call.Wait(), StatusIs(Code::kDeadlineExceeded, _));
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(late_replies(), 0u);
  client_proxy_->Release();
  ExpectThatCallsSucceed();
  EXPECT_EQ(late_replies(), 1u);
}

// Times are relative, so a server does not count what the network takes, see docs/protocol.md.
TEST_F(PacketFaultsTest, ARequestThatTheNetworkHoldsRunsWhenItComes) {
  server_proxy_->SetRule(Once(Direction::kToClient, IsRequest, Verdict::kHold));
  auto call = Start(kAdd, "a", {.timeout = kShortCall});
  EXPECT_THAT(call.Wait(), StatusIs(Code::kDeadlineExceeded, _));
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(runs(), 0);
  server_proxy_->Release();
  ASSERT_TRUE(log_.WaitFor("that has ended"));
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(late_replies(), 1u);
  EXPECT_EQ(server_->stats().calls_expired, 0u);
}

TEST_F(PacketFaultsTest, ACallEndsWithItsReplyAlsoWithoutItsPuback) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsPuback, Verdict::kDrop));
  EXPECT_THAT(Start(kAdd, "a").Wait(), IsOk());
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(runs(), 1);
  ExpectThatCallsSucceed();
}

TEST_F(PacketFaultsTest, PubacksThatNobodyWaitsForAreIgnored) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsPuback, [](const MqttPacket& p) -> Verdict {
    MqttPacket refusal = p.WithPacketId(60000).WithReasonCode(0x87);
    return refusal.bytes() + p.bytes() + p.WithReasonCode(0x97).bytes();
  }));
  EXPECT_THAT(Start(kAdd, "a").Wait(), IsOk());
  EXPECT_EQ(edited_.Size(), 1u);
  ExpectThatCallsSucceed();
  EXPECT_EQ(client_->stats().messages_in_flight, 0u);
  EXPECT_EQ(client_->stats().connections_lost, 0u);
}

TEST_F(PacketFaultsTest, APubackThatRefusesEndsTheCall) {
  struct Refusal {
    uint8_t reason_code;
    Code status;
  };
  for (Refusal refusal : std::vector<Refusal>{
           {0x10, Code::kUnavailable},
           {0x87, Code::kPermissionDenied},
           {0x95, Code::kResourceExhausted},
           {0x97, Code::kResourceExhausted}}) {
    client_proxy_->SetRule(
        Once(Direction::kToClient, IsPuback, [refusal](const MqttPacket& p) -> Verdict {
          return p.WithReasonCode(refusal.reason_code);
        }));
    EXPECT_THAT(Start(kAdd, "a").Wait(), StatusIs(refusal.status, _));
    ExpectThatCallsSucceed();
  }
  EXPECT_EQ(client_->stats().connections_lost, 0u);
}

TEST_F(PacketFaultsTest, ACutBehindARequestLeavesItsOutcomeUnknown) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsPuback, Verdict::kCut));
  EXPECT_THAT(Start(kAdd, "a").Wait(), StatusIs(Code::kUnavailable, HasSubstr("unknown")));
  ExpectThatCallsSucceed();
  EXPECT_EQ(runs(), 2) << "it did run, once, and so did the other";
  EXPECT_EQ(client_->stats().connections_lost, 1u);
}

TEST_F(PacketFaultsTest, ACutBehindARequestThatMayBeRepeatedCostsNothing) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsPuback, Verdict::kCut));
  absl::StatusOr<Text> reply = Start(kSet, "a").Wait();
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text(), "a");
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(client_->stats().connections_lost, 1u);
  EXPECT_EQ(channel_->stats().retries, 1u);
}

struct Bytes {
  const char* name;
  std::string bytes;
};
void PrintTo(const Bytes& bytes, std::ostream* out) { *out << bytes.name; }

class FalsePacketTest : public PacketFaultsTest, public ::testing::WithParamInterface<Bytes> {};

TEST_P(FalsePacketTest, CostsTheConnectionButNotTheCall) {
  auto edit = [](const MqttPacket&) -> Verdict { return GetParam().bytes; };
  client_proxy_->SetRule(Once(Direction::kToClient, IsReply, edit));
  EXPECT_THAT(Start(kSet, "a").Wait(), IsOk());
  EXPECT_EQ(edited_.Size(), 1u);
  EXPECT_EQ(runs(), 1);
  EXPECT_EQ(client_->stats().connections_lost, 1u);
  ExpectThatCallsSucceed();
}

INSTANTIATE_TEST_SUITE_P(
    InPlaceOfAReply,
    FalsePacketTest,
    ::testing::Values(
        Bytes{"ASecondConnack", std::string("\x20\x03\x00\x00\x00", 5)},
        Bytes{"Disconnect", std::string("\xE0\x02\x8B\x00", 4)},
        Bytes{"EndlessLength", std::string(6, '\xFF')},
        Bytes{"UnknownType", std::string("\x00\x02\x00\x00", 4)},
        Bytes{"TopicBeyondThePacket", std::string("\x32\x04\x00\x09xy", 6)},
        Bytes{"QoS3", std::string("\x36\x06\x00\x01x\x00\x01\x00", 8)},
        Bytes{"PropertiesBeyondThePacket", std::string("\x32\x06\x00\x01x\x00\x01\x7F", 8)}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace mqrpc::tests

// The beginning of a connection: what a broker may say then and Mosquitto does not, or says late.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "packet_faults.h"
#include "run_in_loop.h"

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;

using Code = absl::StatusCode;

class ConnackFaultsTest : public PacketFaults {
 protected:
  // Of every CONNACK.
  static Proxy::Rule Edited(Edit edit, std::function<void(Direction, const MqttPacket&)> see) {
    return [edit = std::move(edit),
            see = std::move(see)](Direction direction, const MqttPacket& packet) -> Verdict {
      see(direction, packet);
      return IsConnack(packet) ? edit(packet) : Verdict::kForward;
    };
  }

  // Also what had been queued before it has been sent, if it may be.
  void SubscribeNow(const std::string& filter) {
    auto states = std::make_shared<EventLog<absl::Status>>(events_);
    internal::RunInLoop(client_->loop(), [&] {
      client_->Subscribe({.filter = filter, .on_state = [states](const absl::Status& s) {
                            states->Add(Unshared(s));
                          }});
    });
    ASSERT_TRUE(events_.WaitUntil([&] { return states->Size() == 1; }));
    EXPECT_THAT(states->Items(), ElementsAre(IsOk()));
  }
};

TEST_F(ConnackFaultsTest, ABrokerThatIsNotReadyYetIsAskedAgain) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsConnack, [](const MqttPacket& p) -> Verdict {
    return p.WithReasonCode(0x88);
  }));
  Connect({.connect_in_background = true});
  ExpectThatCallsSucceed();
  EXPECT_THAT(connection_.Items(), ElementsAre(StatusIs(Code::kUnavailable, _), IsOk()));
}

TEST_F(ConnackFaultsTest, AConnackThatNeverComesIsGivenUp) {
  client_proxy_->SetRule(Once(Direction::kToClient, IsConnack, Verdict::kDrop));
  Connect({.connect_timeout = absl::Milliseconds(300), .connect_in_background = true});
  ExpectThatCallsSucceed();
  std::vector<absl::Status> states = connection_.Items();
  EXPECT_THAT(states.front(), StatusIs(Code::kDeadlineExceeded, _));
  EXPECT_THAT(states.back(), IsOk());
}

TEST_F(ConnackFaultsTest, NoRequestLeavesBeforeItsReplyCanCome) {
  auto requests = NewLog<int>();
  client_proxy_->SetRule([requests](Direction, const MqttPacket& p) -> Verdict {
    if (IsRequest(p)) requests->Add(1);
    return p.type() == MqttPacket::Type::kSuback ? Verdict::kHold : Verdict::kForward;
  });
  Connect();
  auto call = Start(kAdd, "a", {.timeout = absl::Milliseconds(300)});
  EXPECT_THAT(call.Wait(), StatusIs(Code::kDeadlineExceeded, _));
  EXPECT_EQ(requests->Size(), 0u);
  client_proxy_->Release();
  ExpectThatCallsSucceed();
  EXPECT_EQ(requests->Size(), 1u);
}

TEST_F(ConnackFaultsTest, WhatIsLargerThanItsMaximumPacketSizeIsRefusedUnsent) {
  auto sizes = NewLog<size_t>();
  client_proxy_->SetRule(Edited(
      [](const MqttPacket& p) { return p.WithInteger(MqttPacket::kMaximumPacketSize, 200); },
      [sizes](Direction direction, const MqttPacket& p) {
        if (direction == Direction::kToBroker) sizes->Add(p.bytes().size());
      }));
  Connect();
  ExpectThatCallsSucceed();

  auto call = Start(kSet, std::string(200, 'x'));

  EXPECT_THAT(call.Wait(), StatusIs(Code::kResourceExhausted, _));
  ExpectThatCallsSucceed();
  EXPECT_EQ(client_->stats().connections_lost, 0u);
  EXPECT_EQ(service_.runs(), 2);
  EXPECT_THAT(sizes->Items(), Each(Le(200u)));
}

TEST_F(ConnackFaultsTest, NoMoreIsUnacknowledgedThanItsReceiveMaximum) {
  for (size_t maximum : {size_t{1}, size_t{3}}) {
    auto sent = NewLog<int>();
    auto edit = [maximum](const MqttPacket& p) {
      return p.WithInteger(MqttPacket::kReceiveMaximum, static_cast<uint32_t>(maximum));
    };
    client_proxy_->SetRule([sent, edit](Direction direction, const MqttPacket& p) -> Verdict {
      if (IsConnack(p)) return edit(p);
      if (direction == Direction::kToBroker && p.qos() == 1) sent->Add(1);
      bool is_puback = direction == Direction::kToClient && IsPuback(p);
      return is_puback ? Verdict::kHold : Verdict::kForward;
    });
    Connect({}, {.max_batch_calls = 1});
    std::vector<Call<Text>> calls;
    for (int i = 0; i < 10; ++i) calls.push_back(Start(kAdd, "a"));
    ASSERT_TRUE(events_.WaitUntil([&] { return sent->Size() >= maximum; }));
    SubscribeNow("another");
    EXPECT_EQ(sent->Size(), maximum);

    // From now on they are acknowledged.
    size_t unacknowledged = 0;
    size_t most = 0;
    client_proxy_->SetRule([&](Direction direction, const MqttPacket& p) -> Verdict {
      if (direction == Direction::kToClient && IsPuback(p)) --unacknowledged;
      if (direction == Direction::kToBroker && p.qos() == 1) ++unacknowledged;
      most = std::max(most, unacknowledged);
      return Verdict::kForward;
    });
    client_proxy_->Release();
    for (Call<Text>& call : calls) EXPECT_THAT(call.Wait(), IsOk());
    client_proxy_->SetRule(nullptr);  // which uses them no more
    EXPECT_LE(most, maximum);
    channel_.reset();
    client_.reset();
  }
}

TEST_F(ConnackFaultsTest, RepliesComeWhereItsResponseInformationSays) {
  auto response_topics = NewLog<std::string>();
  client_proxy_->SetRule(Edited(
      [](const MqttPacket& p) {
        return p.WithString(MqttPacket::kResponseInformation, "tenants/7");
      },
      [response_topics](Direction direction, const MqttPacket& p) {
        if (direction != Direction::kToBroker || !IsRequest(p)) return;
        response_topics->Add(p.Property(MqttPacket::kResponseTopic).value_or("none"));
      }));
  Connect({.request_response_information = true});
  ExpectThatCallsSucceed();
  EXPECT_THAT(response_topics->Items(), ElementsAre("tenants/7/me/replies"));
}

}  // namespace
}  // namespace mqrpc::tests

// The beginning of a connection: what a broker may say then and Mosquitto does not, or says late.

#include <algorithm>
#include <atomic>
#include <cstdint>
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

class ReceiveMaximumTest : public ConnackFaultsTest,
                           public ::testing::WithParamInterface<uint32_t> {
 protected:
  // Which CONNACKs say, and no QoS 1 PUBLISH is acknowledged.
  Proxy::Rule Unacknowledged(std::shared_ptr<EventLog<int>> sent) {
    return [sent](Direction direction, const MqttPacket& p) -> Verdict {
      if (IsConnack(p)) return p.WithInteger(MqttPacket::kReceiveMaximum, GetParam());
      if (direction == Direction::kToBroker && p.qos() == 1) sent->Add(1);
      bool is_puback = direction == Direction::kToClient && IsPuback(p);
      return is_puback ? Verdict::kHold : Verdict::kForward;
    };
  }

  // Of what is acknowledged, and does not wait for it yet: the most at once.
  static Proxy::Rule Acknowledged(std::shared_ptr<std::atomic<size_t>> most) {
    return
        [most,
         unacknowledged = size_t{0}](Direction direction, const MqttPacket& p) mutable -> Verdict {
          if (direction == Direction::kToClient && IsPuback(p)) --unacknowledged;
          if (direction == Direction::kToBroker && p.qos() == 1) ++unacknowledged;
          *most = std::max<size_t>(*most, unacknowledged);
          return Verdict::kForward;
        };
  }
};

TEST_P(ReceiveMaximumTest, NoMoreIsUnacknowledgedAndTheRestMayExpire) {
  auto sent = NewLog<int>();
  client_proxy_->SetRule(Unacknowledged(sent));
  Connect({}, {.max_batch_calls = 1});
  std::vector<Call<Text>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(Start(kAdd, "a"));
  ASSERT_TRUE(events_.WaitUntil([&] { return sent->Size() >= GetParam(); }));
  auto expires = Start(kAdd, "a", {.timeout = absl::Milliseconds(300)});
  EXPECT_THAT(expires.Wait(), StatusIs(Code::kDeadlineExceeded, _));
  SubscribeNow("another");
  EXPECT_EQ(sent->Size(), GetParam());

  auto most = std::make_shared<std::atomic<size_t>>(0);
  client_proxy_->SetRule(Acknowledged(most));
  client_proxy_->Release();
  for (Call<Text>& call : calls) EXPECT_THAT(call.Wait(), IsOk());
  ExpectThatCallsSucceed();
  EXPECT_LE(*most, GetParam());
  EXPECT_EQ(service_.runs(), 11) << "but not the one that had expired";
}

INSTANTIATE_TEST_SUITE_P(OfTheBroker, ReceiveMaximumTest, ::testing::Values(1u, 3u));

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

#include "mqtt_packet.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mqrpc::tests {
namespace {

using ::testing::Optional;
using Type = MqttPacket::Type;

// QoS 1, topic "a/b", packet id 7; Message Expiry Interval 2, a user property, Response Topic "r".
const std::string kPublish(
    "\x32\x1B\x00\x03"
    "a/b\x00\x07\x10\x02\x00\x00\x00\x02\x26\x00\x01k\x00\x01v\x08\x00\x01rxyz",
    29);
const std::string kPuback("\x40\x02\x00\x07", 4);
// Accepted, with a session; Receive Maximum 20 and Topic Alias Maximum 10, as Mosquitto says it.
const std::string kConnack("\x20\x09\x01\x00\x06\x22\x00\x0A\x21\x00\x14", 11);

TEST(MqttPacketTest, SaysWhatAPublishSays) {
  MqttPacket packet(kPublish);
  EXPECT_EQ(packet.type(), Type::kPublish);
  EXPECT_EQ(packet.qos(), 1);
  EXPECT_EQ(packet.topic(), "a/b");
  EXPECT_EQ(packet.packet_id(), 7);
  EXPECT_THAT(packet.Property(MqttPacket::kResponseTopic), Optional(std::string("r")));
  EXPECT_THAT(
      packet.Property(MqttPacket::kMessageExpiryInterval),
      Optional(std::string("\0\0\0\2", 4)));
  EXPECT_EQ(packet.Property(MqttPacket::kResponseInformation), std::nullopt);
}

TEST(MqttPacketTest, APacketIdIsReplaced) {
  MqttPacket other = MqttPacket(kPublish).WithPacketId(60000);
  EXPECT_EQ(other.packet_id(), 60000);
  EXPECT_EQ(other.WithPacketId(7).bytes(), kPublish);
}

TEST(MqttPacketTest, AReasonCodeIsAddedOrReplaced) {
  MqttPacket puback(kPuback);
  EXPECT_EQ(puback.reason_code(), 0);
  EXPECT_EQ(puback.packet_id(), 7);
  EXPECT_EQ(puback.WithReasonCode(0x97).bytes(), std::string("\x40\x03\x00\x07\x97", 5));
  EXPECT_EQ(puback.WithReasonCode(0x97).WithReasonCode(0x10).reason_code(), 0x10);
  std::string refused = kConnack;
  refused[3] = '\x88';
  EXPECT_EQ(MqttPacket(kConnack).WithReasonCode(0x88).bytes(), refused);
  EXPECT_EQ(MqttPacket(refused).reason_code(), 0x88);
}

TEST(MqttPacketTest, APropertyIsAddedOrReplaced) {
  MqttPacket connack(kConnack);
  EXPECT_EQ(
      connack.WithInteger(MqttPacket::kReceiveMaximum, 1).bytes(),
      std::string("\x20\x09\x01\x00\x06\x22\x00\x0A\x21\x00\x01", 11));
  EXPECT_EQ(
      connack.WithInteger(MqttPacket::kMaximumPacketSize, 200).bytes(),
      std::string("\x20\x0E\x01\x00\x0B\x22\x00\x0A\x21\x00\x14\x27\x00\x00\x00\xC8", 16));
  EXPECT_THAT(
      connack.WithString(MqttPacket::kResponseInformation, "t/7")
          .Property(MqttPacket::kResponseInformation),
      Optional(std::string("t/7")));
}

TEST(MqttPacketTest, LengthsGrowWithWhatIsAdded) {
  std::string information(300, 'x');
  MqttPacket connack =
      MqttPacket(kConnack).WithString(MqttPacket::kResponseInformation, information);
  // 311 = 0xB7 0x02 of 6 + 3 + 300 properties, 0xB5 0x02, and four bytes more.
  EXPECT_EQ(connack.bytes().substr(0, 7), std::string("\x20\xB9\x02\x01\x00\xB5\x02", 7));
  EXPECT_EQ(connack.bytes().size(), 3u + 313u);
  EXPECT_THAT(connack.Property(MqttPacket::kResponseInformation), Optional(information));
}

TEST(MqttPacketTest, BytesThatAreNoPacketSayNothing) {
  for (const std::string& bytes : {std::string(), std::string("\x32"), std::string("\x32\xFF")}) {
    MqttPacket packet(bytes);
    EXPECT_EQ(packet.topic(), "");
    EXPECT_EQ(packet.packet_id(), 0);
    EXPECT_EQ(packet.Property(MqttPacket::kResponseTopic), std::nullopt);
  }
}

TEST(PacketSplitterTest, CutsAStreamWhereverItsPiecesEnd) {
  std::string large = MqttPacket(0x30, absl::StrCat(kPublish, std::string(20000, 'x'))).bytes();
  std::string stream = absl::StrCat(kConnack, large, kPuback);
  for (size_t piece : {size_t{1}, size_t{3}, size_t{4096}, stream.size()}) {
    PacketSplitter splitter;
    std::vector<std::string> packets;
    for (size_t at = 0; at < stream.size(); at += piece) {
      splitter.Add(std::string_view(stream).substr(at, piece));
      while (auto packet = splitter.Take()) packets.push_back(packet->bytes());
    }
    EXPECT_THAT(packets, ::testing::ElementsAre(kConnack, large, kPuback)) << piece;
  }
}

TEST(PacketSplitterTest, WhatCannotBecomeAPacketComesAsItIs) {
  PacketSplitter splitter;
  std::string garbage(6, '\xFF');
  splitter.Add(garbage);
  std::optional<MqttPacket> packet = splitter.Take();
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->bytes(), garbage);
  EXPECT_FALSE(splitter.Take().has_value());
}

}  // namespace
}  // namespace mqrpc::tests

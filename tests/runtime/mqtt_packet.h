#ifndef MQRPC_TESTS_RUNTIME_MQTT_PACKET_H_
#define MQRPC_TESTS_RUNTIME_MQTT_PACKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mqrpc::tests {

// One control packet of MQTT 5, as its bytes, and as much of what they say as tests ask for. Of
// bytes that are no packet, or of a packet that has no such thing, the answer is 0 or empty.
class MqttPacket {
 public:
  enum class Type : uint8_t {
    kConnect = 1,
    kConnack = 2,
    kPublish = 3,
    kPuback = 4,
    kPubrec = 5,
    kPubrel = 6,
    kPubcomp = 7,
    kSubscribe = 8,
    kSuback = 9,
    kUnsubscribe = 10,
    kUnsuback = 11,
    kPingreq = 12,
    kPingresp = 13,
    kDisconnect = 14,
    kAuth = 15,
  };

  // Section 2.2.2.2, those that tests ask for.
  static constexpr uint8_t kMessageExpiryInterval = 0x02;
  static constexpr uint8_t kResponseTopic = 0x08;
  static constexpr uint8_t kResponseInformation = 0x1A;
  static constexpr uint8_t kReceiveMaximum = 0x21;
  static constexpr uint8_t kMaximumPacketSize = 0x27;

  explicit MqttPacket(std::string bytes);
  MqttPacket(uint8_t first_byte, std::string_view body);

  const std::string& bytes() const { return bytes_; }
  Type type() const { return static_cast<Type>(FirstByte() >> 4); }

  int qos() const;                 // of a PUBLISH
  std::string_view topic() const;  // likewise
  uint16_t packet_id() const;      // of a PUBLISH and its acknowledgements
  uint8_t reason_code() const;     // of these acknowledgements and a CONNACK

  // Of a PUBLISH or a CONNACK; the value as the packet has it, so without the length of a string.
  std::optional<std::string> Property(uint8_t id) const;

  // Copies of the packet; only of those that have such a thing.
  MqttPacket WithReasonCode(uint8_t code) const;
  MqttPacket WithPacketId(uint16_t id) const;
  MqttPacket WithInteger(uint8_t property, uint32_t value) const;  // of two or four bytes
  MqttPacket WithString(uint8_t property, std::string_view value) const;

 private:
  struct Parsed {
    uint8_t id;
    std::string_view all;    // with the id
    std::string_view value;  // without the length
  };

  uint8_t FirstByte() const { return bytes_.empty() ? 0 : static_cast<uint8_t>(bytes_[0]); }
  bool IsAcknowledgement() const { return type() >= Type::kPuback && type() <= Type::kPubcomp; }
  std::string_view Body() const { return std::string_view(bytes_).substr(body_); }
  size_t PacketIdOffset() const;  // in the body
  std::optional<size_t> PropertiesOffset() const;
  std::vector<Parsed> Properties() const;
  MqttPacket With(uint8_t property, std::string_view bytes) const;

  std::string bytes_;
  size_t body_ = 0;  // where what the remaining length counts begins
};

// Cuts a stream of bytes into packets.
class PacketSplitter {
 public:
  void Add(std::string_view bytes) { bytes_ += bytes; }

  // The next packet that is whole. What cannot become one comes as it is, in one piece.
  std::optional<MqttPacket> Take();

 private:
  std::string bytes_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_MQTT_PACKET_H_

#include "mqtt_packet.h"

#include <algorithm>
#include <utility>

namespace mqrpc::tests {
namespace {

uint8_t ByteAt(std::string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<uint8_t>(bytes[at]) : 0;
}

// Big-endian, as all of MQTT.
size_t NumberAt(std::string_view bytes, size_t at, size_t width) {
  size_t number = 0;
  for (size_t i = 0; i < width; ++i) number = number << 8 | ByteAt(bytes, at + i);
  return number;
}

std::string Number(size_t number, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = width; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xFF);
  return bytes;
}

// A Variable Byte Integer (section 1.5.5).
struct Varint {
  enum class State { kWhole, kPart, kMalformed } state = State::kPart;
  size_t value = 0;
  size_t width = 0;
};

Varint VarintAt(std::string_view bytes, size_t at) {
  Varint varint;
  while (varint.width < 4 && at + varint.width < bytes.size()) {
    uint8_t byte = ByteAt(bytes, at + varint.width);
    varint.value |= static_cast<size_t>(byte & 0x7F) << (7 * varint.width++);
    if ((byte & 0x80) == 0) varint.state = Varint::State::kWhole;
    if (varint.state == Varint::State::kWhole) return varint;
  }
  if (varint.width == 4) varint.state = Varint::State::kMalformed;
  return varint;
}

std::string MakeVarint(size_t value) {
  std::string bytes;
  do {
    size_t rest = value >> 7;
    bytes += static_cast<char>((value & 0x7F) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return bytes;
}

// Section 2.2.2.2: how many bytes a property's value begins with and has.
struct Extent {
  size_t begin = 0;
  size_t size = 0;
};

Extent ExtentOf(uint8_t id, std::string_view value) {
  constexpr std::string_view kTwo = "\x13\x21\x22\x23";
  constexpr std::string_view kFour = "\x02\x11\x18\x27";
  constexpr std::string_view kStrings = "\x03\x08\x09\x12\x15\x16\x1A\x1C\x1F";
  auto is_one_of = [id](std::string_view ids) {
    return ids.find(static_cast<char>(id)) != std::string_view::npos;
  };
  if (is_one_of(kTwo)) return {0, 2};
  if (is_one_of(kFour)) return {0, 4};
  if (is_one_of(kStrings)) return {2, NumberAt(value, 0, 2)};
  if (id == 0x0B) return {0, VarintAt(value, 0).width};
  if (id != 0x26) return {0, 1};
  size_t key = 2 + NumberAt(value, 0, 2);  // of a user property
  return {0, key + 2 + NumberAt(value, key, 2)};
}

}  // namespace

MqttPacket::MqttPacket(std::string bytes) : bytes_(std::move(bytes)) {
  body_ = std::min(bytes_.size(), 1 + VarintAt(bytes_, 1).width);
}

MqttPacket::MqttPacket(uint8_t first_byte, std::string_view body)
    : MqttPacket(Number(first_byte, 1).append(MakeVarint(body.size())).append(body)) {}

int MqttPacket::qos() const { return type() == Type::kPublish ? FirstByte() >> 1 & 3 : 0; }

std::string_view MqttPacket::topic() const {
  std::string_view body = Body();
  if (type() != Type::kPublish || body.size() < 2) return {};
  return body.substr(2, NumberAt(body, 0, 2));
}

size_t MqttPacket::PacketIdOffset() const {
  return type() == Type::kPublish ? 2 + NumberAt(Body(), 0, 2) : 0;
}

uint16_t MqttPacket::packet_id() const {
  if (qos() == 0 && !IsAcknowledgement()) return 0;
  return static_cast<uint16_t>(NumberAt(Body(), PacketIdOffset(), 2));
}

uint8_t MqttPacket::reason_code() const {
  if (type() == Type::kConnack) return ByteAt(Body(), 1);
  return IsAcknowledgement() ? ByteAt(Body(), 2) : 0;  // absent for success
}

std::optional<size_t> MqttPacket::PropertiesOffset() const {
  if (type() == Type::kConnack) return 2;
  if (type() != Type::kPublish) return std::nullopt;
  return PacketIdOffset() + (qos() > 0 ? 2 : 0);
}

std::vector<MqttPacket::Parsed> MqttPacket::Properties() const {
  std::optional<size_t> at = PropertiesOffset();
  if (!at.has_value() || *at >= Body().size()) return {};
  Varint size = VarintAt(Body(), *at);
  std::string_view rest = Body().substr(*at + size.width).substr(0, size.value);
  std::vector<Parsed> properties;
  while (!rest.empty()) {
    uint8_t id = ByteAt(rest, 0);
    Extent extent = ExtentOf(id, rest.substr(1));
    size_t all = 1 + extent.begin + extent.size;
    if (all > rest.size()) break;
    properties.push_back({id, rest.substr(0, all), rest.substr(1 + extent.begin, extent.size)});
    rest.remove_prefix(all);
  }
  return properties;
}

std::optional<std::string> MqttPacket::Property(uint8_t id) const {
  for (const Parsed& property : Properties()) {
    if (property.id == id) return std::string(property.value);
  }
  return std::nullopt;
}

MqttPacket MqttPacket::WithReasonCode(uint8_t code) const {
  std::string body(Body());
  size_t at = type() == Type::kConnack ? 1 : 2;
  body.resize(std::max(body.size(), at + 1));
  body[at] = static_cast<char>(code);
  return MqttPacket(FirstByte(), body);
}

MqttPacket MqttPacket::WithPacketId(uint16_t id) const {
  std::string body(Body());
  body.replace(PacketIdOffset(), 2, Number(id, 2));
  return MqttPacket(FirstByte(), body);
}

MqttPacket MqttPacket::WithInteger(uint8_t property, uint32_t value) const {
  return With(property, Number(value, ExtentOf(property, {}).size));
}

MqttPacket MqttPacket::WithString(uint8_t property, std::string_view value) const {
  return With(property, Number(value.size(), 2).append(value));
}

MqttPacket MqttPacket::With(uint8_t property, std::string_view bytes) const {
  std::string properties;
  for (const Parsed& other : Properties()) {
    if (other.id != property) properties.append(other.all);
  }
  properties.append(Number(property, 1)).append(bytes);
  size_t at = PropertiesOffset().value_or(0);
  Varint old = VarintAt(Body(), at);
  std::string body(Body());
  body.replace(at, old.width + old.value, MakeVarint(properties.size()).append(properties));
  return MqttPacket(FirstByte(), body);
}

std::optional<MqttPacket> PacketSplitter::Take() {
  Varint size = VarintAt(bytes_, 1);
  if (bytes_.empty() || size.state == Varint::State::kPart) return std::nullopt;
  size_t whole =
      size.state == Varint::State::kMalformed ? bytes_.size() : 1 + size.width + size.value;
  if (bytes_.size() < whole) return std::nullopt;
  MqttPacket packet(bytes_.substr(0, whole));
  bytes_.erase(0, whole);
  return packet;
}

}  // namespace mqrpc::tests

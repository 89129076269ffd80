#ifndef MQRPC_MESSAGE_H_
#define MQRPC_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mqrpc {

// MQTT 5 section 4.3. With kAtMostOnce nothing says whether a message reached the broker, nor that
// nobody is subscribed to its topic; kAtLeastOnce says both; kExactlyOnce says only the former.
enum class QoS : uint8_t { kAtMostOnce = 0, kAtLeastOnce = 1, kExactlyOnce = 2 };

// MQTT 5 section 2.4, the ones that mean something to a call. Others keep their number.
enum class ReasonCode : uint8_t {
  kSuccess = 0x00,
  kNoMatchingSubscribers = 0x10,
  kUnspecifiedError = 0x80,
  kImplementationSpecificError = 0x83,
  kNotAuthorized = 0x87,
  kTopicFilterInvalid = 0x8F,
  kTopicNameInvalid = 0x90,
  kPacketTooLarge = 0x95,
  kQuotaExceeded = 0x97,
  kPayloadFormatInvalid = 0x99,
  kSharedSubscriptionsNotSupported = 0x9E,
};

// One PUBLISH (MQTT 5 section 3.3), as a transport sends and receives it. Bytes and names only;
// what they mean for a call is decided above.
struct Message {
  std::string topic = {};
  std::string payload = {};
  QoS qos = QoS::kAtLeastOnce;
  bool retain = false;

  std::optional<std::string> response_topic = {};
  std::optional<std::string> correlation_data = {};  // at most 65,535 bytes
  std::optional<std::string> content_type = {};
  std::optional<uint32_t> expiry_seconds = {};
  bool payload_is_utf8 = false;  // Payload Format Indicator
  // In the order of the packet; a key may come more than once.
  std::vector<std::pair<std::string, std::string>> user_properties = {};
};

}  // namespace mqrpc

#endif  // MQRPC_MESSAGE_H_

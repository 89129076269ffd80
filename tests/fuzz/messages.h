#ifndef MQRPC_TESTS_FUZZ_MESSAGES_H_
#define MQRPC_TESTS_FUZZ_MESSAGES_H_

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "byte_reader.h"
#include "mqrpc/message.h"

namespace mqrpc::fuzz {

inline std::string ReadText(ByteReader& input, std::string_view usual) {
  return input.Flag() ? std::string(usual) : input.Bytes();
}

// The properties of a message, most of them such as mean something to us. Neither topics nor
// payload.
inline Message ReadProperties(ByteReader& input) {
  constexpr const char* kKeys[] =
      {"mqrpc-timeout", "mqrpc-status", "mqrpc-attempt", "mqrpc-refused", "mqrpc-batches"};
  Message message;
  uint8_t present = input.Byte();
  message.qos = static_cast<QoS>(present % 3);
  if ((present & 0x04) != 0) message.correlation_data = input.Bytes();
  if ((present & 0x08) != 0) message.content_type = ReadText(input, "application/protobuf");
  if ((present & 0x10) != 0) message.expiry_seconds = input.Number();
  message.retain = present >= 0xF0;
  for (uint32_t count = input.Below(5); count > 0; --count) {
    uint32_t key = input.Below(std::size(kKeys) + 1);
    std::string name = key < std::size(kKeys) ? kKeys[key] : input.Bytes();
    std::string value = input.Flag() ? std::to_string(input.Number()) : input.Bytes();
    message.user_properties.emplace_back(std::move(name), std::move(value));
  }
  return message;
}

}  // namespace mqrpc::fuzz

#endif  // MQRPC_TESTS_FUZZ_MESSAGES_H_

#ifndef MQRPC_UTF8_H_
#define MQRPC_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mqrpc::internal {

// The character at the beginning of `bytes`, which are not empty; length 0 if it is not UTF-8.
struct Character {
  uint32_t code = 0;
  size_t length = 0;  // in bytes
};

inline Character DecodeUtf8(std::string_view bytes) {
  auto byte = [bytes](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint8_t first = byte(0);
  if (first < 0x80) return {.code = first, .length = 1};
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return {};
  uint32_t code = first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[length] || code > 0x10FFFF || is_surrogate) return {};
  return {.code = code, .length = length};
}

}  // namespace mqrpc::internal

#endif  // MQRPC_UTF8_H_

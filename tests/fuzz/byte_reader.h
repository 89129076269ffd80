#ifndef MQRPC_TESTS_FUZZ_BYTE_READER_H_
#define MQRPC_TESTS_FUZZ_BYTE_READER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mqrpc::fuzz {

// Takes a fuzzer's input apart, from its beginning. Where that has ended there are zeros.
class ByteReader {
 public:
  ByteReader(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  bool Flag() { return (Byte() & 1) != 0; }
  uint32_t Below(uint32_t end) { return Byte() % end; }  // at most 256

  // As many of every magnitude.
  uint32_t Number() {
    uint32_t number = 0;
    for (uint32_t size = Below(5); size > 0; --size) number = number << 8 | Byte();
    return number;
  }

  // Behind their length, at most 255.
  std::string Bytes() { return Take(Byte()); }
  std::string Rest() { return Take(rest_.size()); }

 private:
  std::string Take(size_t size) {
    std::string bytes(rest_.substr(0, size));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

  std::string_view rest_;
};

}  // namespace mqrpc::fuzz

#endif  // MQRPC_TESTS_FUZZ_BYTE_READER_H_

#include "payload.h"

#include <cstring>

namespace mqrpc::bench {

std::string MakePayload(size_t size) {
  std::string payload(size, '\0');
  for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 31);
  return payload;
}

void Stamp(uint64_t call, std::string& payload) {
  memcpy(payload.data(), &call, sizeof(call));
  memcpy(payload.data() + payload.size() - sizeof(call), &call, sizeof(call));
}

bool IsStamped(uint64_t call, size_t size, std::string_view payload) {
  if (payload.size() != size) return false;
  uint64_t front;
  uint64_t back;
  memcpy(&front, payload.data(), sizeof(front));
  memcpy(&back, payload.data() + size - sizeof(back), sizeof(back));
  return front == call && back == call;
}

}  // namespace mqrpc::bench

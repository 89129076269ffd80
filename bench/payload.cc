#include "payload.h"

#include <cstring>

namespace mqrpc::bench {
namespace {

constexpr size_t kStampSize = sizeof(uint64_t);

bool HasStamps(size_t size) { return size >= 2 * kStampSize; }

}  // namespace

std::string MakePayload(size_t size) {
  std::string payload(size, '\0');
  for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 31);
  return payload;
}

void Stamp(uint64_t call, std::string& payload) {
  if (!HasStamps(payload.size())) return;
  memcpy(payload.data(), &call, kStampSize);
  memcpy(payload.data() + payload.size() - kStampSize, &call, kStampSize);
}

bool IsStamped(uint64_t call, size_t size, std::string_view payload) {
  if (payload.size() != size) return false;
  if (!HasStamps(size)) return true;
  uint64_t front;
  uint64_t back;
  memcpy(&front, payload.data(), kStampSize);
  memcpy(&back, payload.data() + size - kStampSize, kStampSize);
  return front == call && back == call;
}

}  // namespace mqrpc::bench

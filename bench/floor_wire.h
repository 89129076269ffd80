#ifndef MQRPC_BENCH_FLOOR_WIRE_H_
#define MQRPC_BENCH_FLOOR_WIRE_H_

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"

// Topics and ids of the floor: as long as mqrpc's, and used alike.
namespace mqrpc::bench {

inline constexpr char kFloorRequestTopic[] = "floor/services/mqrpc.bench.EchoService/Echo";
inline constexpr char kFloorRequestFilter[] =
    "$share/mqrpc/floor/services/mqrpc.bench.EchoService/+";

// Another one each time.
inline std::string FloorClientId() {
  static std::atomic<uint64_t> last = 0;
  uint64_t id = static_cast<uint64_t>(getpid()) << 32 | ++last;
  return absl::StrCat("floor-", absl::Hex(id, absl::kZeroPad16));
}

inline std::string FloorReplyTopic(const std::string& client_id) {
  return absl::StrCat("floor/clients/", client_id, "/replies");
}

inline void ReadCorrelation(const mosquitto_property* properties, std::string& correlation) {
  void* data = nullptr;
  uint16_t size = 0;
  mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &data, &size, false);
  correlation.assign(static_cast<const char*>(data), data != nullptr ? size : 0);
  free(data);
}

inline void ReadResponseTopic(const mosquitto_property* properties, std::string& topic) {
  char* text = nullptr;
  mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC, &text, false);
  topic.assign(text != nullptr ? text : "");
  free(text);
}

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_FLOOR_WIRE_H_

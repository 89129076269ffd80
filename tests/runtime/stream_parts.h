#ifndef MQRPC_TESTS_RUNTIME_STREAM_PARTS_H_
#define MQRPC_TESTS_RUNTIME_STREAM_PARTS_H_

#include <string>
#include <vector>

#include "mqrpc/message.h"
#include "mqrpc/stream.pb.h"

namespace mqrpc::tests {

// Parts of streams as plain MQTT has them: docs/protocol.md, "Streams".

inline std::string Property(const Message& message, const std::string& key) {
  for (const auto& [name, value] : message.user_properties) {
    if (name == key) return value;
  }
  return "";
}

inline std::vector<std::string> Frames(const Message& message) {
  if (message.content_type != "application/vnd.mqrpc.part") return {message.payload};
  StreamPart part;
  if (!part.ParseFromString(message.payload)) return {"does not parse"};
  return {part.frames().begin(), part.frames().end()};
}

// Of a stream that is called "call".
inline Message Part(
    const std::string& topic,
    const std::string& response_topic,
    int first,
    const std::vector<std::string>& frames) {
  Message message = {
      .topic = topic,
      .response_topic = response_topic,
      .correlation_data = "call",
      .content_type = "application/vnd.mqrpc.part",
      .user_properties = {{"mqrpc-part", std::to_string(first)}}};
  StreamPart part;
  for (const std::string& frame : frames) part.add_frames(frame);
  message.payload = part.SerializeAsString();
  return message;
}

inline Message With(Message message, const std::string& key, const std::string& value) {
  message.user_properties.emplace_back(key, value);
  return message;
}

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_STREAM_PARTS_H_

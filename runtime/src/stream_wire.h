#ifndef MQRPC_STREAM_WIRE_H_
#define MQRPC_STREAM_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/message.h"
#include "mqrpc/metadata.h"
#include "wire.h"

// Streams, laid onto MQTT as docs/protocol.md says. A part of the wire; nothing of the network is
// trusted here.
namespace mqrpc::internal::wire {

// Where the one end of a stream is, and how the other names itself there.
struct StreamAddress {
  std::string topic = {};
  std::optional<std::string> response_topic = {};  // of who writes
  std::optional<std::string> correlation = {};
  std::optional<std::string> content_type = {};
  QoS qos = QoS::kAtLeastOnce;
};

// What one end of a stream sends the other: frames, one after the other, or none, to say how far it
// is. A message is a frame, or several if it is too large for one.
struct StreamPart {
  uint64_t first = 1;  // the number of its first frame; they count from 1
  std::vector<std::string> frames = {};
  bool is_continued = false;            // the last frame by the first of the next part
  std::optional<uint64_t> length = {};  // frames of the whole direction, said at its end
  std::optional<Credit> credit = {};    // for the other direction
  std::optional<std::string> response_topic = {};
  Metadata headers = {};
};

bool IsPart(const Message& message);

// The parts of a stream in JSON have one message each.
Message EncodePart(const StreamAddress& address, absl::Duration remaining, StreamPart part);
absl::StatusOr<StreamPart> DecodePart(Message message);

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_STREAM_WIRE_H_

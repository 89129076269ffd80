#ifndef MQRPC_BATCH_H_
#define MQRPC_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/message.h"
#include "wire.h"

// Several calls in one message: proto/mqrpc/batch.proto, laid onto MQTT as docs/protocol.md says. A
// part of the wire; nothing of the network is trusted here.
namespace mqrpc::internal::wire {

std::string BatchTopic(std::string_view prefix, std::string_view service, std::string_view method);
std::string BatchFilter(std::string_view prefix, std::string_view service);

bool IsBatch(const Message& message);

// Collects the frames of one message.
class BatchWriter {
 public:
  // For so many frames, whose payloads have so many bytes, if that is known.
  void Reserve(size_t frames, size_t payload_bytes) {
    payload_.reserve(frames * kFrameBytes + payload_bytes);
  }

  void AddRequest(const RequestFrame& frame) {
    AddRequest(
        frame.correlation ? *frame.correlation : std::string_view(),
        frame.remaining,
        frame.attempt,
        frame.payload,
        frame.headers);
  }
  // Without a correlation, an empty one, nothing is answered.
  void AddRequest(
      std::string_view correlation,
      absl::Duration remaining,
      uint32_t attempt,
      std::string_view payload,
      const Metadata& headers = {});
  void AddReply(
      const ReplyAddress& address,
      const absl::StatusOr<std::string>& result,
      Ran ran,
      const SharedMetadata& metadata = nullptr);

  size_t bytes() const { return payload_.size(); }

  // The message; the writer is empty then. `remaining` is the longest of the frames'.
  Message TakeRequests(
      std::string topic,
      std::optional<std::string> reply_topic,
      QoS qos,
      absl::Duration remaining);
  Message TakeReplies(std::string topic, QoS qos, absl::Duration remaining);

 private:
  static constexpr size_t kFrameBytes = 40;  // of most, besides their payloads

  void BeginMessage(int field, size_t size);
  void AddNumber(int field, uint32_t value);
  void AddBytes(int field, std::string_view bytes);
  void AddEntries(int field, const Metadata& metadata);

  std::string payload_;
};

// A frame that does not parse has a status that is not OK, and what could be read of it; its time
// is that of the message.
struct BatchedRequest {
  absl::Status status = {};
  RequestFrame frame = {};
};
struct BatchedReply {
  absl::Status status = {};
  std::string_view correlation = {};  // in the message
  Reply reply = {absl::UnknownError("")};
};

// Where the frames cannot be told apart any more, the rest of the message is one that does not
// parse.
std::vector<BatchedRequest> DecodeRequests(const Message& message);
std::vector<BatchedReply> DecodeReplies(const Message& message);
std::vector<BatchedReply> DecodeReplies(Message&& message) = delete;  // which is viewed

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_BATCH_H_

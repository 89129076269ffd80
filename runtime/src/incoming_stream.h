#ifndef MQRPC_INCOMING_STREAM_H_
#define MQRPC_INCOMING_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "mqrpc/byte_stream.h"
#include "stream_wire.h"
#include "wait_queue.h"

namespace mqrpc::internal {

// One direction of a stream where it is read: puts its parts in order, and lets the other end send
// as much as is being read. Filled in turns of the loop; the rest is of any thread.
class IncomingStream final : public WaitQueue<ByteReader> {
 public:
  struct Limits {
    wire::Credit window = {};     // what may wait to be read, and be on its way
    size_t max_message_size = 0;  // in bytes
  };

  // `on_credit` runs in any thread when so much has been read that the other end is to be told, and
  // never after Close; it must not wait for anything.
  IncomingStream(
      EventLoop& loop,
      std::shared_ptr<Executor> executor,
      Limits limits,
      std::function<void(const wire::Credit&)> on_credit);

  // What came before is left out. DATA_LOSS if something is missing, RESOURCE_EXHAUSTED if it is
  // more than there was credit for, or too large. The last part ends the stream.
  absl::Status Add(wire::StreamPart part);

  // DATA_LOSS if not so many frames have come.
  absl::Status CheckLength(uint64_t length) const;

  // No more come, and why. The first time counts.
  void Close(const absl::Status& end);

  // What is not read yet, and what comes, is as if it had been.
  void Drop();

  // All that the other end may have sent by now.
  wire::Credit credit();

  absl::Status status() override;

 private:
  // Those of a message besides the last are as read when they come: it cannot be read before.
  struct Waiting {
    std::string message;
    size_t last_frame;  // bytes of it
  };

  absl::Status AddFrames(wire::StreamPart part);
  absl::Status AddFrame(std::string frame, bool is_continued) MQRPC_REQUIRES(mutex_);
  void NoteFrameRead(size_t bytes) MQRPC_REQUIRES(mutex_);
  wire::Credit CreditLocked() const MQRPC_REQUIRES(mutex_);
  bool is_ready() const override MQRPC_REQUIRES(mutex_) {
    return !messages_.empty() || end_.has_value();
  }
  std::optional<std::string> Take() override MQRPC_REQUIRES(mutex_);
  void OnWaitInLoop() override MQRPC_REQUIRES(mutex_);

  const Limits limits_;

  // Of the loop.
  uint64_t received_ = 0;       // frames
  std::string beginning_ = {};  // of a message whose other frames are still to come

  std::function<void(const wire::Credit&)> on_credit_
      MQRPC_GUARDED_BY(mutex_);  // null once it has ended
  std::deque<Waiting> messages_ MQRPC_GUARDED_BY(mutex_);
  std::optional<absl::Status> end_ MQRPC_GUARDED_BY(mutex_);
  bool is_dropped_ MQRPC_GUARDED_BY(mutex_) = false;
  wire::Credit read_ MQRPC_GUARDED_BY(mutex_);
  wire::Credit told_ MQRPC_GUARDED_BY(mutex_);  // what had been read when credit was due last
};

}  // namespace mqrpc::internal

#endif  // MQRPC_INCOMING_STREAM_H_

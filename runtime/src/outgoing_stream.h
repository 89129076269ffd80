#ifndef MQRPC_OUTGOING_STREAM_H_
#define MQRPC_OUTGOING_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/byte_stream.h"
#include "mqrpc/metadata.h"
#include "mqrpc/transport.h"
#include "stream_wire.h"
#include "wait_queue.h"

namespace mqrpc::internal {

// One direction of a stream where it is written: its messages leave in order, numbered, and no more
// of them than the other end has given credit for. Those that wait when the transport asks for a
// message share it. Written by any thread; the rest is in turns of the loop unless it says
// otherwise.
class OutgoingStream final : public WaitQueue<ByteWriter> {
 public:
  struct Options {
    absl::Time deadline = absl::InfiniteFuture();
    size_t max_message_size = 0;  // in bytes
    size_t max_queued = 0;        // messages that wait to leave

    // Parts that the connection's loss may have lost are sent again: the stream goes on after it.
    bool outlives_connection = false;
  };

  // What it asks of its owner, until Close.
  struct Owner {
    // Runs the task in a turn of the loop, if the transport may be used then. Any thread; must not
    // wait for anything.
    std::function<void(EventLoop::Task)> post = nullptr;
    // Nothing of it will be read any more, and why. Once, in a turn of the loop.
    std::function<void(const absl::Status&)> on_lost = nullptr;
  };

  OutgoingStream(
      Transport& transport,
      std::shared_ptr<Executor> executor,
      Options options,
      Owner owner);

  // Where it goes; before, it only collects. Without `credit` there is no bound but our own.
  void Open(wire::StreamAddress to, std::optional<wire::Credit> credit);

  // Credit only grows: what comes late or twice says nothing new.
  void Grant(const wire::Credit& credit);

  // Sends a part even if nothing is written, which says that this end is there, how far it is, and
  // its credit for the other direction. Any thread.
  void Say(const wire::Credit& credit);

  // They go with the first message. Any thread, before it is written.
  void SetHeaders(Metadata headers);

  bool TryWrite(std::string& message) override;

  // The end of the other's reading: the last part says how many there are. Any thread.
  void WritesDone();

  // Runs `end` when all that was written has left, or never will, with the number of frames that
  // have, and why not all.
  using End = absl::AnyInvocable<void(uint64_t length, const absl::Status& loss)>;
  void Finish(End end);

  // Nothing more leaves, for that reason; writers are sent away. The first time counts. Any thread.
  void Close(const absl::Status& why);

  // Likewise, and its owner is told.
  void Lose(const absl::Status& why);

 private:
  // One message to the transport.
  struct Sent {
    bool is_composed = false;
    wire::StreamPart part = {};  // if it may have to be sent again
  };

  bool is_ready() const override MQRPC_REQUIRES(mutex_) { return is_closed_ || has_room(); }
  std::optional<Room> Take() override MQRPC_REQUIRES(mutex_);
  void OnWaitInLoop() override MQRPC_REQUIRES(mutex_) {}
  bool has_room() const MQRPC_REQUIRES(mutex_);
  std::shared_ptr<OutgoingStream> self();
  void PostTurn() MQRPC_REQUIRES(mutex_);
  void Announce();
  bool HasPart();
  bool MaySend() const;
  std::optional<Message> Compose(Sent& sent);
  wire::StreamPart NextPart();
  void TakeFrames(wire::StreamPart& part) MQRPC_REQUIRES(mutex_);
  void OnAck(Sent& sent, const absl::StatusOr<ReasonCode>& ack);
  void SendAgain(wire::StreamPart part);
  void EndIfAllHasLeft();

  Transport& transport_;
  const Options options_;

  // Of the loop.
  bool is_open_ = false;
  wire::StreamAddress to_;
  std::optional<wire::Credit> credit_;
  wire::Credit sent_;                                 // so far
  bool is_announced_ = false;                         // the transport will ask for a part
  absl::btree_map<uint64_t, wire::StreamPart> lost_;  // to be sent again, by their numbers
  End end_ = nullptr;

  Owner owner_ MQRPC_GUARDED_BY(mutex_);
  Metadata headers_ MQRPC_GUARDED_BY(mutex_);
  std::deque<std::string> queued_ MQRPC_GUARDED_BY(mutex_);
  size_t queued_bytes_ MQRPC_GUARDED_BY(mutex_) = 0;
  std::optional<wire::Credit> says_ MQRPC_GUARDED_BY(mutex_);  // in the next part, which is due
  bool is_posted_ MQRPC_GUARDED_BY(mutex_) = false;            // a turn, to announce what is queued
  bool is_done_ MQRPC_GUARDED_BY(mutex_) = false;
  bool is_length_said_ MQRPC_GUARDED_BY(mutex_) = false;
  bool is_closed_ MQRPC_GUARDED_BY(mutex_) = false;
  absl::Status why_closed_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_OUTGOING_STREAM_H_

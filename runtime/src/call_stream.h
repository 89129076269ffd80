#ifndef MQRPC_CALL_STREAM_H_
#define MQRPC_CALL_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/byte_stream.h"
#include "mutex.h"
#include "stream_end.h"
#include "stream_wire.h"

namespace mqrpc::internal {

class ChannelCore;

// The caller's end of the stream of one call. The channel fills and closes it, in turns of its
// loop; the rest is for the caller.
class CallStream final : public ByteStream {
 public:
  // The core lives until Close. Its requests are written later if it `writes`.
  CallStream(
      const std::shared_ptr<ChannelCore>& core,
      Transport& transport,
      const std::shared_ptr<Executor>& executor,
      const StreamEnd::Options& options,
      bool writes);

  bool writes() const { return writes_; }

  // Of which call; before anything comes.
  void SetCall(uint64_t id) { id_ = id; }

  // Whether its server has answered.
  bool is_open() const { return end_.is_open(); }

  // What the server may send at first.
  wire::Credit credit() const { return end_.in()->credit(); }

  // `own` is where the server answers to.
  void OnPart(absl::StatusOr<wire::StreamPart> part, wire::StreamAddress own);

  // As of StreamEnd and IncomingStream.
  void Beat() { end_.Beat(); }
  absl::Status CheckLength(uint64_t length) const { return end_.in()->CheckLength(length); }

  // Once, with how the call has ended.
  void Close(const absl::Status& status) { end_.Close(status); }

  std::shared_ptr<ByteReader> reader() override { return end_.in(); }
  std::shared_ptr<ByteWriter> writer() override { return end_.out(); }
  void WritesDone() override;
  void DropReplies() override { end_.in()->Drop(); }
  Metadata headers() override;

 private:
  const bool writes_;
  uint64_t id_ = 0;
  StreamEnd end_;
  std::optional<std::string> server_topic_;  // of the loop

  Mutex mutex_;
  Metadata headers_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CALL_STREAM_H_

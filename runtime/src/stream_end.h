#ifndef MQRPC_STREAM_END_H_
#define MQRPC_STREAM_END_H_

#include <cstddef>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "incoming_stream.h"
#include "mqrpc/executor.h"
#include "mqrpc/transport.h"
#include "outgoing_stream.h"
#include "stream_wire.h"

namespace mqrpc::internal {

// Each end says at least so often that it is there; one of which nothing is heard for so long is
// gone.
inline constexpr absl::Duration kStreamBeat = absl::Seconds(5);
inline constexpr absl::Duration kStreamSilence = absl::Seconds(20);

// One end of a stream: what comes, and what goes. In turns of the loop, unless it says otherwise.
class StreamEnd {
 public:
  struct Options {
    IncomingStream::Limits reads = {};
    OutgoingStream::Options writes = {};
  };

  StreamEnd(
      Transport& transport,
      std::shared_ptr<Executor> executor,
      const Options& options,
      OutgoingStream::Owner owner);

  // Both are read and written by any thread.
  const std::shared_ptr<IncomingStream>& in() const { return in_; }
  const std::shared_ptr<OutgoingStream>& out() const { return out_; }

  // Where the other end is, and what it has given credit for. Without that it is somebody who knows
  // nothing of credit: it may be silent, and is sent what there is.
  void Open(wire::StreamAddress to, std::optional<wire::Credit> credit);
  bool is_open() const { return is_open_; }

  // From the other end.
  void OnPart(absl::StatusOr<wire::StreamPart> part);

  // Every kStreamBeat.
  void Beat();

  // Any thread.
  void Close(const absl::Status& why);

 private:
  EventLoop& loop_;
  const std::shared_ptr<OutgoingStream> out_;
  const std::shared_ptr<IncomingStream> in_;
  bool is_open_ = false;
  bool beats_ = false;
  absl::Time heard_ = absl::InfinitePast();  // of the other end
};

}  // namespace mqrpc::internal

#endif  // MQRPC_STREAM_END_H_

#ifndef MQRPC_CLIENT_STREAM_H_
#define MQRPC_CLIENT_STREAM_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/byte_stream.h"
#include "mqrpc/call.h"
#include "mqrpc/message_reader.h"
#include "mqrpc/message_writer.h"
#include "mqrpc/metadata.h"

// Streams as their callers have them: what stubs return for methods with `stream` in the .proto.
//
// Each is one call. It has one deadline, CallOptions::timeout, for all of it; dropping it cancels
// it. Its messages come in order, each once, and what has come before the end can be read after it;
// then there is one status. Besides what the service answers, and what Call<Reply> says, that is
//   UNAVAILABLE        the server has gone, or is cut off: nothing was heard of it for 20 s; or our
//                      own connection was lost, and the broker keeps no session for it
//   DATA_LOSS          some of it is missing
//   RESOURCE_EXHAUSTED a message is larger than max_message_size
// With a session (MosquittoOptions::session_expiry) it goes on after a reconnect. It is not sent
// again once it has begun. QoS is at least kAtLeastOnce.
//
// Reading, writing and Cancel may be of different threads.
namespace mqrpc {

namespace internal {

// What all of them have.
class StreamingCall {
 public:
  // Not of users.
  StreamingCall(ByteCall call, std::shared_ptr<ByteStream> stream)
      : call_(std::move(call)), stream_(std::move(stream)) {}

  // What the server has sent with its first message, once that can be read; and what it sends with
  // the status, once that is known, is in CallOptions::reply_metadata.
  Metadata headers() const { return stream_->headers(); }

  // Wants no more. What has come can still be read.
  void Cancel() { call_.Cancel(); }

 protected:
  // The end of it: with `error` if that is not OK.
  ByteCall TakeCall(const absl::Status& error);

  ByteCall call_;
  std::shared_ptr<ByteStream> stream_;  // shared with the channel
};

}  // namespace internal

// The replies to one request.
//
//   mqrpc::ClientReader<Tick> ticks = calculator.Count(request);
//   for (const Tick& tick : ticks) std::cout << tick.number() << "\n";
//   absl::Status status = ticks.Finish();
template <class Reply>
class [[nodiscard]] ClientReader : public internal::StreamingCall, public MessageReader<Reply> {
 public:
  // Not of users.
  ClientReader(internal::ByteCall call, const std::shared_ptr<internal::ByteStream>& stream)
      : StreamingCall(std::move(call), stream),
        MessageReader<Reply>(stream->reader(), call_.encoding()) {}

  // Waits for the end, dropping what was not read, and says how it ended.
  absl::Status Finish() { return FinishAsync().Wait(); }

  // Likewise, in every way of a Call.
  Call<void> FinishAsync() { return Call<void>(this->TakeCall(this->parse_error())); }
};

// Requests that have one reply.
//
//   mqrpc::ClientWriter<Chunk, Digest> upload = files.Upload();
//   while (ReadChunk(chunk) && upload.Write(chunk)) {
//   }
//   absl::StatusOr<Digest> digest = upload.Finish();
//
// When Write says false the service has answered already, or has failed: Finish has the reason.
template <class Request, class Reply>
class [[nodiscard]] ClientWriter : public internal::StreamingCall, public MessageWriter<Request> {
 public:
  // Not of users.
  ClientWriter(internal::ByteCall call, const std::shared_ptr<internal::ByteStream>& stream)
      : StreamingCall(std::move(call), stream),
        MessageWriter<Request>(stream->writer(), call_.encoding()) {}

  // Says that all has been written, and waits for the reply.
  absl::StatusOr<Reply> Finish() { return FinishAsync().Wait(); }
  Call<Reply> FinishAsync() { return Call<Reply>(this->TakeCall(this->writing_status())); }
};

// Both ways at once.
//
//   mqrpc::ClientReaderWriter<Line, Line> chat = room.Join();
//   std::thread reading([&] { for (const Line& line : chat) Show(line); });
//   while (Ask(line) && chat.Write(line)) {
//   }
//   chat.WritesDone();
//   reading.join();
//   absl::Status status = chat.Finish();
template <class Request, class Reply>
class [[nodiscard]] ClientReaderWriter : public internal::StreamingCall,
                                         public MessageReader<Reply>,
                                         public MessageWriter<Request> {
 public:
  // Not of users.
  ClientReaderWriter(internal::ByteCall call, const std::shared_ptr<internal::ByteStream>& stream)
      : StreamingCall(std::move(call), stream),
        MessageReader<Reply>(stream->reader(), call_.encoding()),
        MessageWriter<Request>(stream->writer(), call_.encoding()) {}

  // No more is written, which the service learns after the last message; replies may still come.
  void WritesDone() { stream_->WritesDone(); }

  // Likewise, and waits for the end, dropping what was not read.
  absl::Status Finish() { return FinishAsync().Wait(); }
  Call<void> FinishAsync() {
    absl::Status error = this->writing_status();
    return Call<void>(this->TakeCall(error.ok() ? this->parse_error() : error));
  }
};

}  // namespace mqrpc

#endif  // MQRPC_CLIENT_STREAM_H_

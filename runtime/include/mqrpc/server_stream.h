#ifndef MQRPC_SERVER_STREAM_H_
#define MQRPC_SERVER_STREAM_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/message_reader.h"
#include "mqrpc/message_writer.h"
#include "mqrpc/responder.h"
#include "mqrpc/server_call.h"

// Streams as handlers have them, of methods with `stream` in the .proto. In a Service or CoService
// a handler borrows one, and ends it by returning; in an AsyncService it owns one, and ends it by
// Finish, from any thread. Dropping one that has not finished answers INTERNAL.
//
// When the caller has given up, or is gone, Write says false, Read has no more, and
// ServerContext::IsCancelled says so, if it can be told at all; what is answered then goes nowhere.
// Headers that are added before the first message is written go with it.
//
// A handler of a Service that blocks has a thread of its own: at most ServerOptions::max_streams.
// Reading and writing may be of different threads.
namespace mqrpc {

// Where a handler writes its replies.
//
//   absl::Status Count(
//       mqrpc::ServerContext&,
//       const CountRequest& request,
//       mqrpc::ServerWriter<Tick>& ticks) override {
//     Tick tick;
//     for (int i = 0; i < request.to(); ++i) {
//       tick.set_number(i);
//       if (!ticks.Write(tick)) return absl::CancelledError();
//     }
//     return absl::OkStatus();
//   }
template <class Reply>
class [[nodiscard]] ServerWriter : public MessageWriter<Reply> {
 public:
  // Not of users.
  explicit ServerWriter(std::unique_ptr<ServerCall> call)
      : MessageWriter<Reply>(call->writer(), call->encoding()), call_(std::move(call)) {}

  // Until Finish.
  ServerContext& context() { return call_->context(); }

  // Ends the stream, after what has been written. The first time counts.
  void Finish(absl::Status status) {
    std::unique_ptr<ServerCall> call = std::move(call_);
    if (call == nullptr) return;
    const absl::Status& error = this->writing_status();
    call->Finish(error.ok() ? std::move(status) : absl::InternalError(error.message()));
  }

 private:
  std::unique_ptr<ServerCall> call_;
};

namespace internal {

// A request that does not parse is the caller's fault.
inline absl::Status RequestStatus(const absl::Status& status) {
  return absl::IsInternal(status) ? absl::InvalidArgumentError(status.message()) : status;
}

}  // namespace internal

// Where a handler reads its requests, and answers them with one reply.
//
//   absl::StatusOr<Digest> Upload(
//       mqrpc::ServerContext&,
//       mqrpc::ServerReader<Chunk, Digest>& chunks) override {
//     for (const Chunk& chunk : chunks) Add(chunk);
//     if (!chunks.status().ok()) return chunks.status();   // not all of it has come
//     return MakeDigest();
//   }
template <class Request, class Reply>
class [[nodiscard]] ServerReader : public MessageReader<Request> {
 public:
  // Not of users.
  explicit ServerReader(std::unique_ptr<ServerCall> call)
      : MessageReader<Request>(call->reader(), call->encoding()), call_(std::move(call)) {}

  // Until Finish.
  ServerContext& context() { return call_->context(); }

  // Why there are no more requests: OK if the caller has said that it has written all.
  absl::Status status() const { return internal::RequestStatus(this->reading_status()); }

  // Answers. The first time counts. After a request that does not parse it is INVALID_ARGUMENT.
  void Finish(absl::StatusOr<Reply> reply) {
    absl::Status error = status();
    Responder<Reply>(std::move(call_)).Finish(error.ok() ? std::move(reply) : std::move(error));
  }

 private:
  std::unique_ptr<ServerCall> call_;
};

// Both ways at once: where a handler of such a method reads its requests and writes its replies.
//
//   absl::Status Join(
//       mqrpc::ServerContext&,
//       mqrpc::ServerReaderWriter<Line, Line>& chat) override {
//     for (const Line& line : chat) chat.Write(Answer(line));
//     return absl::OkStatus();
//   }
template <class Request, class Reply>
class [[nodiscard]] ServerReaderWriter : public MessageReader<Request>,
                                         public MessageWriter<Reply> {
 public:
  // Not of users.
  explicit ServerReaderWriter(std::unique_ptr<ServerCall> call)
      : MessageReader<Request>(call->reader(), call->encoding()),
        MessageWriter<Reply>(call->writer(), call->encoding()),
        call_(std::move(call)) {}

  // As of ServerReader and ServerWriter.
  ServerContext& context() { return call_->context(); }
  absl::Status status() const { return internal::RequestStatus(this->reading_status()); }
  void Finish(absl::Status status) {
    std::unique_ptr<ServerCall> call = std::move(call_);
    if (call == nullptr) return;
    absl::Status error = this->status();
    if (error.ok() && !this->writing_status().ok()) {
      error = absl::InternalError(this->writing_status().message());
    }
    call->Finish(error.ok() ? std::move(status) : std::move(error));
  }

 private:
  std::unique_ptr<ServerCall> call_;
};

}  // namespace mqrpc

#endif  // MQRPC_SERVER_STREAM_H_

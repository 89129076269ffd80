#ifndef MQRPC_MESSAGE_WRITER_H_
#define MQRPC_MESSAGE_WRITER_H_

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "mqrpc/byte_stream.h"
#include "mqrpc/serialize.h"

namespace mqrpc {

// What writes the messages of a stream: a part of ClientWriter, ServerWriter and their like.
//
//   if (!writer.Write(chunk)) ...              // waits for room
//   if (!writer.TryWrite(chunk)) ...           // does not
//   if (!co_await writer.WriteAsync(chunk)) ...
//   writer.WriteThen(chunk, [&](bool is_written) { ... });
//
// There is room for some messages here, from where they leave as the other end reads. False: nobody
// reads any more, or the message cannot be sent; the status of the call says why.
//
// One thread at a time, which need not be that which reads.
template <class Message>
class MessageWriter {
 public:
  // Not of users.
  MessageWriter(std::shared_ptr<internal::ByteWriter> messages, Encoding encoding)
      : messages_(std::move(messages)), encoding_(encoding) {}
  ~MessageWriter() {
    if (messages_ != nullptr) messages_->Forget();
  }
  MessageWriter(MessageWriter&&) = default;
  MessageWriter& operator=(MessageWriter&&) = default;

  // On the connection's own thread it does not wait, as TryWrite.
  bool Write(const Message& message) {
    std::optional<std::string> bytes = Serialized(message);
    while (bytes.has_value()) {
      if (messages_->TryWrite(*bytes)) return true;
      if (!messages_->Next().has_value()) return false;
    }
    return false;
  }

  // False also if there is no room at present.
  bool TryWrite(const Message& message) {
    std::optional<std::string> bytes = Serialized(message);
    return bytes.has_value() && messages_->TryWrite(*bytes);
  }

  // As Write, in a coroutine, which resumes as after MessageReader::ReadAsync. The message is
  // serialised before this returns.
  auto WriteAsync(const Message& message) {
    struct Awaiter final : internal::ItemAwaiter<internal::Room> {
      Awaiter(std::shared_ptr<internal::ByteWriter> messages, std::optional<std::string> bytes)
          : ItemAwaiter(messages), messages_(std::move(messages)), bytes_(std::move(bytes)) {}
      bool await_ready() {
        is_written_ = bytes_.has_value() && messages_->TryWrite(*bytes_);
        return is_written_ || !bytes_.has_value();
      }
      bool await_resume() {
        return is_written_ || (Take().has_value() && messages_->TryWrite(*bytes_));
      }
      const std::shared_ptr<internal::ByteWriter> messages_;
      std::optional<std::string> bytes_;
      bool is_written_ = false;
    };
    return Awaiter(messages_, Serialized(message));
  }

  // As Write, into a continuation, which runs there too. One at a time; forgotten with the writer.
  template <std::invocable<bool> Continuation>
  void WriteThen(const Message& message, Continuation continuation) {
    messages_->Listen(
        nullptr,
        [messages = messages_, bytes = Serialized(message), continuation = std::move(continuation)](
            std::optional<internal::Room> room) mutable {
          continuation(room.has_value() && bytes.has_value() && messages->TryWrite(*bytes));
        });
  }

 protected:
  // Of a message that does not serialise.
  const absl::Status& writing_status() const { return error_; }

 private:
  std::optional<std::string> Serialized(const Message& message) {
    if (messages_ == nullptr || !error_.ok()) return std::nullopt;
    absl::StatusOr<std::string> bytes = Serialize(message, encoding_);
    if (bytes.ok()) return *std::move(bytes);
    error_ = bytes.status();
    return std::nullopt;
  }

  std::shared_ptr<internal::ByteWriter> messages_;  // shared with what sends them
  Encoding encoding_;
  absl::Status error_;
};

}  // namespace mqrpc

#endif  // MQRPC_MESSAGE_WRITER_H_

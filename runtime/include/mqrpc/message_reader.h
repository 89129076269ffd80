#ifndef MQRPC_MESSAGE_READER_H_
#define MQRPC_MESSAGE_READER_H_

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/byte_stream.h"
#include "mqrpc/serialize.h"

namespace mqrpc {

// What reads the messages of a stream: a part of ClientReader, ServerReader and their like. Each
// message comes once, in order, until there are no more; why that is so, those say.
//
//   while (std::optional<Tick> tick = reader.Read()) ...
//   for (const Tick& tick : reader) ...
//   while (std::optional<Tick> tick = co_await reader.ReadAsync()) ...
//   reader.ReadThen([&](std::optional<Tick> tick) { ... });
//
// The other end sends no more than may wait here unread (max_unread_messages and max_unread_bytes
// of ChannelOptions or ServerOptions), so a slow reader slows it down, and nothing else.
//
// One thread at a time, which need not be that which writes.
template <class Message>
class MessageReader {
 public:
  // Not of users.
  MessageReader(std::shared_ptr<internal::ByteReader> messages, Encoding encoding)
      : state_(std::make_shared<State>(State{std::move(messages), encoding})) {}
  ~MessageReader() {
    if (state_ != nullptr) state_->messages->Forget();
  }
  MessageReader(MessageReader&&) = default;
  MessageReader& operator=(MessageReader&&) = default;

  // The next message; blocks until there is one. None: there are no more. On the connection's own
  // thread it would wait for ever: none, and the stream fails with FAILED_PRECONDITION.
  std::optional<Message> Read() { return Parsed(*state_, state_->messages->Next()); }

  // As Read, in a coroutine, which resumes where it would after a Call: on the executor of its
  // task, or else the channel's; in a server, on a worker.
  auto ReadAsync() {
    struct Awaiter final : internal::ItemAwaiter<std::string> {
      explicit Awaiter(std::shared_ptr<State> state)
          : ItemAwaiter(state->messages), state_(std::move(state)) {}
      std::optional<Message> await_resume() { return Parsed(*state_, Take()); }
      const std::shared_ptr<State> state_;
    };
    return Awaiter(state_);
  }

  // As Read, into a continuation, which runs there too. One at a time; forgotten with the reader.
  template <std::invocable<std::optional<Message>> Continuation>
  void ReadThen(Continuation continuation) {
    state_->messages->Listen(
        nullptr,
        [state = state_,
         continuation = std::move(continuation)](std::optional<std::string> bytes) mutable {
          continuation(Parsed(*state, std::move(bytes)));
        });
  }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Message;
    using difference_type = std::ptrdiff_t;
    using pointer = const Message*;
    using reference = const Message&;

    Iterator() = default;
    explicit Iterator(MessageReader& reader) : reader_(&reader), message_(reader.Read()) {}

    const Message& operator*() const { return *message_; }
    const Message* operator->() const { return &*message_; }
    Iterator& operator++() {
      message_ = reader_->Read();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& one, const Iterator& other) {
      return one.message_.has_value() == other.message_.has_value();
    }

   private:
    MessageReader* reader_ = nullptr;
    std::optional<Message> message_;
  };

  // Each message is read as the iterator comes to it; there is one pass.
  Iterator begin() { return Iterator(*this); }
  Iterator end() { return {}; }

 protected:
  // What is wrong with a message that does not parse, which is the last one then.
  const absl::Status& parse_error() const { return state_->error; }

  // Why there are no more.
  absl::Status reading_status() const {
    return parse_error().ok() ? state_->messages->status() : parse_error();
  }

 private:
  struct State {
    const std::shared_ptr<internal::ByteReader> messages;  // shared with what fills it
    const Encoding encoding;
    absl::Status error = {};
  };

  static std::optional<Message> Parsed(State& state, std::optional<std::string> bytes) {
    if (!bytes.has_value() || !state.error.ok()) return std::nullopt;
    absl::StatusOr<Message> message =
        Parse<Message>(absl::StatusOr<std::string>(*std::move(bytes)), state.encoding);
    if (message.ok()) return *std::move(message);
    state.error = message.status();
    return std::nullopt;
  }

  std::shared_ptr<State> state_;
};

}  // namespace mqrpc

#endif  // MQRPC_MESSAGE_READER_H_

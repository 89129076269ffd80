#ifndef MQRPC_CALL_H_
#define MQRPC_CALL_H_

#include <concepts>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/executor.h"
#include "mqrpc/serialize.h"
#include "mqrpc/task.h"

namespace mqrpc {

namespace internal {

class CallState;

// The bytes of a Call<T>: everything but the parsing.
class ByteCall {
 public:
  ByteCall(std::shared_ptr<CallState> state, Encoding encoding)
      : state_(std::move(state)), encoding_(encoding) {}
  ~ByteCall() { Drop(); }

  ByteCall(ByteCall&&) = default;
  ByteCall& operator=(ByteCall&& other) {
    if (this == &other) return *this;
    Drop();
    state_ = std::move(other.state_);
    encoding_ = other.encoding_;
    return *this;
  }

  absl::StatusOr<std::string> Wait();
  void On(std::shared_ptr<Executor> executor);
  void Then(absl::AnyInvocable<void(absl::StatusOr<std::string>)> continuation);
  void Cancel();
  void Detach() { state_ = nullptr; }

  // Of the reply.
  Encoding encoding() const { return encoding_; }

  // Whether Wait() returns at once, because the call was refused or there is no result to take.
  // Where Then would run its continuation right here, that is.
  bool AnswersAtOnce() const;

  // As Then, on `executor` unless it is null or another was chosen. But the handle stays: when it
  // is dropped, before the executor has come to the continuation, that is forgotten.
  void Listen(
      std::shared_ptr<Executor> executor,
      absl::AnyInvocable<void(absl::StatusOr<std::string>)> continuation);

  // Cancels the call, and forgets the continuation unless it runs already. Any thread.
  void Drop();

 private:
  // Shared by the caller's handle and the channel's table, either of which may go first.
  std::shared_ptr<CallState> state_;
  Encoding encoding_;
};

// What a coroutine waits in. When that is destroyed instead of being resumed, so is this, and drops
// the call.
class ByteAwaiter {
 public:
  explicit ByteAwaiter(ByteCall call) : call_(std::move(call)) {}

  ByteAwaiter(const ByteAwaiter&) = delete;
  ByteAwaiter& operator=(const ByteAwaiter&) = delete;

  bool await_ready() const { return call_.AnswersAtOnce(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> coroutine) {
    Suspend(coroutine, TaskOf(coroutine));
  }

 protected:
  ~ByteAwaiter() = default;
  absl::StatusOr<std::string> Take() { return result_ ? *std::move(result_) : call_.Wait(); }
  Encoding encoding() const { return call_.encoding(); }

 private:
  void Suspend(std::coroutine_handle<> coroutine, const TaskPromiseBase* task);

  ByteCall call_;
  std::coroutine_handle<> coroutine_;
  std::optional<absl::StatusOr<std::string>> result_;
};

}  // namespace internal

// A call under way: the one handle for every way of getting at its result. The call completes
// exactly once, with the reply or with a status: by its deadline at the latest, and when its
// channel is destroyed.
//
//   mqrpc::Call<AddReply> call = calculator.AddAsync(request);
//   absl::StatusOr<AddReply> reply = call.Wait();
//
//   calculator.AddAsync(request).Then([](absl::StatusOr<AddReply> reply) { ... });
//   calculator.AddAsync(request).On(executor).Then(...);   // there, not on the channel's executor
//
//   absl::StatusOr<AddReply> reply = co_await calculator.AddAsync(request);   // see task.h
//
// Dropping the handle cancels the call, unless it was detached. The result is taken once: after
// `Wait`, `Then`, `co_await` or `Detach` the handle is empty; `Wait` on an empty handle answers
// FAILED_PRECONDITION. One thread at a time.
//
// Besides what the service answers, a call ends with:
//   UNAVAILABLE          nobody serves the method; or the connection was lost, outcome unknown
//   DEADLINE_EXCEEDED    its time is up; whether it ran is not known
//   CANCELLED            the channel was destroyed, or shut down before the call's end
//   RESOURCE_EXHAUSTED   a bound was reached, which the message names; it did not run, unless the
//                        message is about the reply, which was too large
//   INVALID_ARGUMENT     the options or the request cannot be sent; it did not run
//   FAILED_PRECONDITION  waiting here would wait for ever
//   INTERNAL             the reply does not parse
template <class Reply>
class [[nodiscard]] Call {
 public:
  using Result = absl::StatusOr<Reply>;

  explicit Call(internal::ByteCall call) : call_(std::move(call)) {}

  // Blocks until the call completes. On the connection's own thread, where handlers run if a server
  // has no workers, that could never happen: FAILED_PRECONDITION. A handler that calls its own
  // server and waits needs another worker free; without one the call ends by its deadline.
  absl::StatusOr<Reply> Wait() { return Parse<Reply>(call_.Wait(), call_.encoding()); }

  // Runs `continuation` on the channel's executor when the call completes; that of a call which was
  // refused before it was started, for a wrong option or a bound, at once and right here.
  // (A template, so that it is wrapped only once.)
  template <std::invocable<absl::StatusOr<Reply>> Continuation>
  void Then(Continuation continuation) {
    call_.Then([continuation = std::move(continuation),
                encoding = call_.encoding()](absl::StatusOr<std::string> bytes) mutable {
      continuation(Parse<Reply>(std::move(bytes), encoding));
    });
  }

  // What follows, `Then` or `co_await`, goes on on `executor`, which must outlive the channel,
  // whatever the channel's is; also for a call that was refused.
  Call On(Executor& executor) && {
    call_.On(internal::Borrowed(executor));
    return std::move(*this);
  }

  // The same as On(executor).Then(continuation).
  template <std::invocable<absl::StatusOr<Reply>> Continuation>
  void Then(Executor& executor, Continuation continuation) {
    std::move(*this).On(executor).Then(std::move(continuation));
  }

  // Suspends the coroutine until the call completes, and resumes it where `Then` would run a
  // continuation, or on the executor of its task. One that is destroyed meanwhile, which must not
  // be while it is about to be resumed on another thread, drops the call.
  auto operator co_await() && {
    struct Awaiter final : internal::ByteAwaiter {
      using ByteAwaiter::ByteAwaiter;
      absl::StatusOr<Reply> await_resume() { return Parse<Reply>(Take(), encoding()); }
    };
    return Awaiter(std::move(call_));
  }

  // Gives up on the result: the call is forgotten, a reply to it is dropped. Waiting for it answers
  // CANCELLED, unless it has completed already. Any thread.
  void Cancel() { call_.Cancel(); }

  // Lets the call go on without its handle: nobody learns the result.
  void Detach() { call_.Detach(); }

  // Not of users: the call as what travels.
  internal::ByteCall Release() && { return std::move(call_); }
  Encoding encoding() const { return call_.encoding(); }
  static Result ResultOf(absl::StatusOr<std::string> bytes, Encoding encoding) {
    return Parse<Reply>(std::move(bytes), encoding);
  }

 private:
  internal::ByteCall call_;
};

// A call that asks for no reply: fire and forget. It completes when the broker has accepted the
// request, with OK, or says why it was not; whether a server runs it, and what comes of that,
// nobody learns.
//
//   absl::Status accepted = calculator.AddNotify(request).Wait();
//   calculator.AddNotify(request).Detach();
//
// What is accepted follows from the QoS (MQTT 5 section 4.3): at kAtLeastOnce UNAVAILABLE says that
// nobody is subscribed; at kExactlyOnce nobody is told that; at kAtMostOnce OK means that it was
// written. A server that is sent one request twice runs it twice: without a reply there is nothing
// to know it by. All else is as in Call<Reply>.
template <>
class [[nodiscard]] Call<void> {
 public:
  using Result = absl::Status;

  explicit Call(internal::ByteCall call) : call_(std::move(call)) {}

  absl::Status Wait() { return call_.Wait().status(); }
  template <std::invocable<absl::Status> Continuation>
  void Then(Continuation continuation) {
    call_.Then([continuation = std::move(continuation)](absl::StatusOr<std::string> none) mutable {
      continuation(std::move(none).status());
    });
  }
  Call On(Executor& executor) && {
    call_.On(internal::Borrowed(executor));
    return std::move(*this);
  }
  template <std::invocable<absl::Status> Continuation>
  void Then(Executor& executor, Continuation continuation) {
    std::move(*this).On(executor).Then(std::move(continuation));
  }
  auto operator co_await() && {
    struct Awaiter final : internal::ByteAwaiter {
      using ByteAwaiter::ByteAwaiter;
      absl::Status await_resume() { return Take().status(); }
    };
    return Awaiter(std::move(call_));
  }
  void Cancel() { call_.Cancel(); }
  void Detach() { call_.Detach(); }
  internal::ByteCall Release() && { return std::move(call_); }
  Encoding encoding() const { return call_.encoding(); }
  static Result ResultOf(absl::StatusOr<std::string> none, Encoding) {
    return std::move(none).status();
  }

 private:
  internal::ByteCall call_;
};

}  // namespace mqrpc

#endif  // MQRPC_CALL_H_

#ifndef MQRPC_CALL_H_
#define MQRPC_CALL_H_

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/executor.h"
#include "mqrpc/serialize.h"

namespace mqrpc {

namespace internal {

class CallState;

// The bytes of a Call<T>: everything but the parsing.
class ByteCall {
 public:
  explicit ByteCall(std::shared_ptr<CallState> state) : state_(std::move(state)) {}
  ~ByteCall() { Cancel(); }

  ByteCall(ByteCall&&) = default;
  ByteCall& operator=(ByteCall&& other) {
    if (this == &other) return *this;
    Cancel();
    state_ = std::move(other.state_);
    return *this;
  }

  absl::StatusOr<std::string> Wait();
  void On(std::shared_ptr<Executor> executor);
  void Then(absl::AnyInvocable<void(absl::StatusOr<std::string>)> continuation);
  void Cancel();
  void Detach() { state_ = nullptr; }

 private:
  // Shared by the caller's handle and the channel's table, either of which may go first.
  std::shared_ptr<CallState> state_;
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
// Dropping the handle cancels the call, unless it was detached. The result is taken once: after
// `Wait`, `Then` or `Detach` the handle is empty; `Wait` on an empty handle answers
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
  explicit Call(internal::ByteCall call) : call_(std::move(call)) {}

  // Blocks until the call completes. On the connection's own thread, where handlers run if a server
  // has no workers, that could never happen: FAILED_PRECONDITION. A handler that calls its own
  // server and waits needs another worker free; without one the call ends by its deadline.
  absl::StatusOr<Reply> Wait() { return Parse<Reply>(call_.Wait()); }

  // Runs `continuation` on the channel's executor when the call completes; that of a call which was
  // refused before it was started, for a wrong option or a bound, at once and right here.
  // (A template, so that it is wrapped only once.)
  template <std::invocable<absl::StatusOr<Reply>> Continuation>
  void Then(Continuation continuation) {
    call_.Then([continuation = std::move(continuation)](absl::StatusOr<std::string> bytes) mutable {
      continuation(Parse<Reply>(std::move(bytes)));
    });
  }

  // What follows, `Then`, takes place on `executor`, which must outlive the channel, whatever the
  // channel's is; also for a call that was refused.
  Call On(Executor& executor) && {
    call_.On(internal::Borrowed(executor));
    return std::move(*this);
  }

  // The same as On(executor).Then(continuation).
  template <std::invocable<absl::StatusOr<Reply>> Continuation>
  void Then(Executor& executor, Continuation continuation) {
    std::move(*this).On(executor).Then(std::move(continuation));
  }

  // Gives up on the result: the call is forgotten, a reply to it is dropped. Waiting for it answers
  // CANCELLED, unless it has completed already. Any thread.
  void Cancel() { call_.Cancel(); }

  // Lets the call go on without its handle: nobody learns the result.
  void Detach() { call_.Detach(); }

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
  void Cancel() { call_.Cancel(); }
  void Detach() { call_.Detach(); }

 private:
  internal::ByteCall call_;
};

}  // namespace mqrpc

#endif  // MQRPC_CALL_H_

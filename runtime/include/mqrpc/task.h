#ifndef MQRPC_TASK_H_
#define MQRPC_TASK_H_

#include <cassert>
#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "mqrpc/executor.h"

namespace mqrpc {

template <class T>
class Task;

namespace internal {

// What the promises of all tasks have in common: who waits for the end, and where a task resumes.
class TaskPromiseBase {
 public:
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      return ended.promise().awaiting_;
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  // Null: where the awaited call says.
  const std::shared_ptr<Executor>& executor() const { return executor_; }

  void SetExecutor(std::shared_ptr<Executor> executor) { executor_ = std::move(executor); }
  void InheritExecutor(const std::shared_ptr<Executor>& executor) {
    if (executor_ == nullptr) executor_ = executor;
  }
  void SetAwaiting(std::coroutine_handle<> awaiting) { awaiting_ = awaiting; }

 protected:
  void Rethrow() {
    if (exception_ != nullptr) std::rethrow_exception(std::move(exception_));
  }

 private:
  std::coroutine_handle<> awaiting_ = std::noop_coroutine();
  std::shared_ptr<Executor> executor_;
  std::exception_ptr exception_;
};

template <class T>
class TaskPromise final : public TaskPromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  void return_value(T value) { value_.emplace(std::move(value)); }
  T Take() {
    Rethrow();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void Take() { Rethrow(); }
};

// The task that a coroutine is; null for one of another kind.
template <class Promise>
const TaskPromiseBase* TaskOf(std::coroutine_handle<Promise> coroutine) {
  if constexpr (std::derived_from<Promise, TaskPromiseBase>) return &coroutine.promise();
  return nullptr;
}

// A coroutine that nobody owns: it starts at once, and is gone at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// Runs on the thread that waits for a task what is resumed there.
class WaitingThread : public Executor {
 public:
  static std::shared_ptr<WaitingThread> Make();

  // Runs tasks until Leave(), and drops those that come later. Once.
  virtual void RunUntilLeft() = 0;
  virtual void Leave() = 0;  // any thread
};

template <class Continuation, class T>
inline constexpr bool kContinues = std::invocable<Continuation, T>;
template <class Continuation>
inline constexpr bool kContinues<Continuation, void> = std::invocable<Continuation>;

}  // namespace internal

// A coroutine that answers a T, with calls awaited in it:
//
//   mqrpc::Task<absl::StatusOr<double>> AddAll(Calculator::Stub calculator,
//                                              std::vector<double> numbers) {
//     AddRequest request;
//     for (double number : numbers) {
//       request.set_b(number);
//       absl::StatusOr<AddReply> sum = co_await calculator.AddAsync(request);
//       if (!sum.ok()) co_return sum.status();
//       request.set_a(sum->sum());
//     }
//     co_return request.a();
//   }
//
//   absl::StatusOr<double> sum = AddAll(calculator, {1, 2, 3}).Wait();    // in main()
//   absl::StatusOr<double> sum = co_await AddAll(calculator, {1, 2, 3});  // in another task
//
// Nothing of it runs before it is started, which is done once, in one of these ways: `co_await`,
// `Wait`, `Then`, `Detach` or `Start`. It then runs right there, up to the first call that it has
// to wait for, and goes on
//   in `Wait`          on the thread that waits, so also if nothing else runs tasks on that;
//   after `On`         on the executor that was given;
//   else               on the executor of the channel whose call it waited for.
// A task that another awaits goes on where that one does. `co_await call.On(executor)` goes on
// there in any case. A call that was refused before it was started is not waited for.
//
// g++ 12 cannot compile lists in braces, such as `{.headers = {{"tenant", "acme"}}}`, within a
// `co_await`: start the call in a statement before, and await it with `co_await std::move(call)`.
//
// A coroutine keeps copies of its arguments until the end: what it takes by reference, and what a
// lambda that it is made of has captured, must outlive it.
//
// Dropping the handle destroys the coroutine where it stands: its variables go, and the call or the
// task that it waits for is dropped, hence cancelled. That must not happen while it runs, which
// with `Start` is up to its owner: drop it where it resumes, on an executor of one thread. From
// elsewhere, send it there: `executor.Run([task = std::move(task)] {})`. The other ways of starting
// a task do not leave a handle to drop.
//
// An exception that leaves a task goes on in the task that awaits it; if there is none, the program
// ends. One thread at a time.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    Task moved = std::move(other);
    std::swap(coroutine_, moved.coroutine_);
    return *this;
  }
  ~Task() {
    if (coroutine_ != nullptr) coroutine_.destroy();
  }

  // Has it go on, once it has waited, on `executor`, which must outlive the channels that it calls
  // through.
  Task On(Executor& executor) && {
    promise().SetExecutor(internal::Borrowed(executor));
    return std::move(*this);
  }

  // Starts it, blocks until it has ended, and runs it meanwhile. Not on the own thread of a
  // connection that it needs: that would wait for ever.
  T Wait();

  // Starts it, and runs `continuation` with what it answers, where it ends.
  template <class Continuation>
  requires internal::kContinues<Continuation, T>
  void Then(Continuation continuation) { RunToItsEnd(std::move(*this), std::move(continuation)); }

  // Starts it, and lets it go on without its handle: nobody learns the answer.
  void Detach() {
    Then([](auto&&...) {});
  }

  // Starts it. The handle goes on owning it, and nobody learns the answer.
  void Start() {
    assert(coroutine_ != nullptr);
    coroutine_.resume();
  }

  auto operator co_await() && noexcept {
    assert(coroutine_ != nullptr);
    return Awaiter(std::move(*this));
  }

 private:
  friend promise_type;

  // Owns the task while that runs.
  class Awaiter {
   public:
    explicit Awaiter(Task task) noexcept : task_(std::move(task)) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) {
      const internal::TaskPromiseBase* parent = internal::TaskOf(awaiting);
      if (parent != nullptr) task_.promise().InheritExecutor(parent->executor());
      task_.promise().SetAwaiting(awaiting);
      return task_.coroutine_;
    }
    T await_resume() { return task_.promise().Take(); }

   private:
    Task task_;
  };

  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

  promise_type& promise() { return coroutine_.promise(); }

  // The task is gone when its continuation runs: who then destroys what it used meets nobody.
  template <class Continuation>
  static internal::Detached RunToItsEnd(Task task, Continuation continuation) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      continuation();
    } else {
      T answer = co_await std::move(task);
      continuation(std::move(answer));
    }
  }

  std::coroutine_handle<promise_type> coroutine_;
};

template <class T>
T Task<T>::Wait() {
  std::shared_ptr<internal::WaitingThread> thread = internal::WaitingThread::Make();
  promise().InheritExecutor(thread);
  if constexpr (std::is_void_v<T>) {
    Then([thread] { thread->Leave(); });
    thread->RunUntilLeft();
  } else {
    std::optional<T> answer;
    Then([thread, &answer](T value) {
      answer.emplace(std::move(value));
      thread->Leave();
    });
    thread->RunUntilLeft();
    return *std::move(answer);
  }
}

namespace internal {

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace internal
}  // namespace mqrpc

#endif  // MQRPC_TASK_H_

#include "query_state.h"

#include <utility>

#include "absl/base/attributes.h"

namespace mqrpc::internal {

QueryState::QueryState(
    EventLoop& loop,
    std::shared_ptr<Executor> executor,
    const QueryOptions& options)
    : loop_(loop),
      executor_(std::move(executor)),
      max_answers_(options.max_answers),
      awaited_(options.responders.begin(), options.responders.end()),
      awaits_some_(!awaited_.empty()) {}

bool QueryState::Add(ByteAnswer answer) {
  // A plain MQTT tool may not say who it is.
  if (!answer.responder.empty() && !answered_.insert(answer.responder).second) return false;
  awaited_.erase(answer.responder);
  ++count_;
  {
    MutexLock lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  Wake();
  return true;
}

QueryEnd QueryState::Completion() const {
  if (awaits_some_ && awaited_.empty()) return QueryEnd::kAllResponders;
  return count_ >= max_answers_ ? QueryEnd::kEnough : QueryEnd::kNotYet;
}

void QueryState::Close(const absl::StatusOr<std::string>& result) {
  QueryEnd why = Completion();
  if (why == QueryEnd::kNotYet) why = QueryEnd::kWindow;
  {
    MutexLock lock(mutex_);
    end_ = result.ok() ? why : QueryEnd::kFailed;
    status_ = absl::Status(result.status().code(), result.status().message());
  }
  Wake();
}

// Whoever waits for one more.
void QueryState::Wake() {
  std::shared_ptr<Executor> executor;
  {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
    if (!listener_) return;
    executor = listeners_executor_ != nullptr ? listeners_executor_ : executor_;
  }
  executor->Run([self = shared_from_this()] { self->Resume(); });
}

// More may have come since it was woken: then another wake finds nobody.
void QueryState::Resume() {
  Continuation listener;
  std::optional<ByteAnswer> answer;
  {
    MutexLock lock(mutex_);
    if (!listener_ || !is_readable()) return;
    listener = std::exchange(listener_, nullptr);
    answer = TakeFirst();
  }
  listener(std::move(answer));
}

std::optional<ByteAnswer> QueryState::TakeFirst() {
  if (answers_.empty()) return std::nullopt;
  ByteAnswer first = std::move(answers_.front());
  answers_.pop_front();
  return first;
}

std::optional<ByteAnswer> QueryState::Next() {
  MutexLock lock(mutex_);
  if (!is_readable() && loop_.InLoop()) {
    end_ = QueryEnd::kFailed;
    status_ = absl::FailedPreconditionError(
        "waiting for answers on the connection's own thread, which would have to receive them");
  }
  while (!is_readable()) changed_.Wait(mutex_);
  return TakeFirst();
}

void QueryState::Listen(std::shared_ptr<Executor> executor, Continuation continuation) {
  std::shared_ptr<Executor> chosen = executor != nullptr ? executor : executor_;
  {
    MutexLock lock(mutex_);
    listeners_executor_ = std::move(executor);
    listener_ = std::move(continuation);
    if (!is_readable()) return;
  }
  chosen->Run([self = shared_from_this()] { self->Resume(); });
}

void QueryState::Forget() {
  Continuation forgotten;  // goes after the lock
  MutexLock lock(mutex_);
  forgotten = std::exchange(listener_, nullptr);
}

QueryEnd QueryState::end() {
  MutexLock lock(mutex_);
  return answers_.empty() ? end_ : QueryEnd::kNotYet;
}

absl::Status QueryState::status() {
  MutexLock lock(mutex_);
  return status_;
}

// As ByteAwaiter::Suspend: nothing of the coroutine is touched once Listen has it.
ABSL_ATTRIBUTE_NOINLINE void AnswerAwaiter::Suspend(
    std::coroutine_handle<> coroutine,
    const TaskPromiseBase* task) {
  coroutine_ = coroutine;
  std::shared_ptr<AnswerQueue> answers = answers_;
  answers->Listen(
      task != nullptr ? task->executor() : nullptr,
      [this](std::optional<ByteAnswer> answer) {
        answer_ = std::move(answer);
        coroutine_.resume();
      });
}

}  // namespace mqrpc::internal

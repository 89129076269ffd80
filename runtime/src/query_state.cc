#include "query_state.h"

#include <utility>

namespace mqrpc::internal {

QueryState::QueryState(
    EventLoop& loop,
    std::shared_ptr<Executor> executor,
    const QueryOptions& options)
    : WaitQueue(loop, std::move(executor)),
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

std::optional<ByteAnswer> QueryState::Take() {
  if (answers_.empty()) return std::nullopt;
  ByteAnswer first = std::move(answers_.front());
  answers_.pop_front();
  return first;
}

void QueryState::OnWaitInLoop() {
  end_ = QueryEnd::kFailed;
  status_ = absl::FailedPreconditionError(
      "waiting for answers on the connection's own thread, which would have to receive them");
}

QueryEnd QueryState::end() {
  MutexLock lock(mutex_);
  return answers_.empty() ? end_ : QueryEnd::kNotYet;
}

absl::Status QueryState::status() {
  MutexLock lock(mutex_);
  return status_;
}

}  // namespace mqrpc::internal

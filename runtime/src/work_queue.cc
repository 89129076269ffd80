#include "work_queue.h"

#include <exception>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "text.h"

namespace mqrpc::internal {

WorkQueue::WorkQueue(EventLoop& loop, const ServerOptions& options, ServerCounters& counters)
    : loop_(loop),
      options_(options),
      counters_(counters),
      workers_(options.workers),
      stream_workers_(options.max_streams) {}

void WorkQueue::Dispatch(std::unique_ptr<ServedCall> call, const ServedMethod& method) {
  if (has_handed_over_last_) {
    return Refuse(*call, absl::UnavailableError("the server was shut down; the call did not run"));
  }
  absl::Status status = CheckRunning();
  if (!status.ok()) return Refuse(*call, std::move(status));
  if (method.runs_on == RunsOn::kConnection) return Run(std::move(call));
  if (method.is_streaming()) {
    return stream_workers_.Run([this, call = std::move(call)]() mutable { Run(std::move(call)); });
  }
  size_t bytes = call->request_bytes();
  if (status = CheckRoom(bytes); !status.ok()) return Refuse(*call, std::move(status));
  queued_bytes_ += bytes;
  if (arrived_.empty()) loop_.Post([this, core = call->core()] { HandOver(); });
  arrived_.push_back([this, call = std::move(call)]() mutable {
    queued_bytes_ -= call->request_bytes();
    Run(std::move(call));
  });
}

// Whether one more may be given to a handler; those that wait for a worker count when they have it.
absl::Status WorkQueue::CheckRunning() const {
  if (counters_.running.value() < options_.max_running_calls) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "ServerOptions::max_running_calls (",
      options_.max_running_calls,
      ") calls are running already"));
}

// Whether one more may wait for a worker. Only this thread adds to the queue, so there is still
// room when it does.
absl::Status WorkQueue::CheckRoom(size_t bytes) const {
  if (workers_.queued() + arrived_.size() >= options_.max_queued_calls) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "ServerOptions::max_queued_calls (",
        options_.max_queued_calls,
        ") calls wait for a worker already"));
  }
  if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.max_queued_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "ServerOptions::max_queued_bytes (",
        options_.max_queued_bytes,
        "): the calls that wait for a worker have ",
        queued_bytes_.load(),
        " bytes, and this one ",
        bytes));
  }
  return absl::OkStatus();
}

// All that a round's input brought, at once.
void WorkQueue::HandOver() { workers_.RunAll(std::exchange(arrived_, {})); }

void WorkQueue::HandOverLast() {
  HandOver();
  has_handed_over_last_ = true;
}

void WorkQueue::Run(std::unique_ptr<ServedCall> call) {
  std::shared_ptr<ServerCore> core = call->core();  // whose part this is
  absl::Time now = loop_.Now();
  if (call->is_cancelled()) return call->Abandon();
  if (call->deadline() <= now) {
    counters_.expired.Add();
    return call->Abandon();
  }
  if (absl::ToUnixNanos(now) >= refuses_from_) {
    return Refuse(
        *call,
        absl::UnavailableError("the server was shut down before the call's turn; it did not run"));
  }
  call->Start(now);
  std::string_view method = call->context().method();
  try {
    if (!options_.interceptors.empty() && !call->Intercept(options_.interceptors)) return;
    const Handler& handler = call->handler();
    handler(std::move(call));  // unwinding destroys the call, which answers INTERNAL
  } catch (const std::exception& error) {
    options_.log(
        LogLevel::kError,
        absl::StrCat("the handler of ", View(method), " threw: ", error.what()));
  } catch (...) {
    options_.log(
        LogLevel::kError,
        absl::StrCat("the handler of ", View(method), " threw something"));
  }
}

void WorkQueue::Refuse(ServedCall& call, absl::Status status) {
  counters_.refused.Add();
  call.Refuse(std::move(status));
}

}  // namespace mqrpc::internal

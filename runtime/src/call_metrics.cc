#include "mqrpc/call_metrics.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "counters.h"
#include "latency_recorder.h"
#include "mutex.h"
#include "text.h"

namespace mqrpc {

using internal::Counter;
using internal::LatencyRecorder;
using internal::MutexLock;
using internal::OutcomeCounter;
using internal::View;

class CallMetrics::Table {
 public:
  struct Counters {
    Counter in_progress;
    Counter request_bytes;
    Counter reply_bytes;
    OutcomeCounter outcomes;
    LatencyRecorder latency;
  };

  Counters& Of(const std::string& method) {
    MutexLock lock(mutex_);
    return methods_[method];
  }

  std::vector<MethodMetrics> Snapshot() {
    MutexLock lock(mutex_);
    std::vector<MethodMetrics> metrics;
    for (const auto& [name, counters] : methods_) {
      metrics.push_back(
          {.method = name,
           .calls_in_progress = counters.in_progress.value(),
           .outcomes = counters.outcomes.Snapshot(),
           .latency = counters.latency.Snapshot(),
           .request_bytes = counters.request_bytes.value(),
           .reply_bytes = counters.reply_bytes.value()});
    }
    return metrics;
  }

 private:
  internal::Mutex mutex_;
  std::map<std::string, Counters> methods_ MQRPC_GUARDED_BY(mutex_);  // which stay where they are
};

CallMetrics::CallMetrics() : table_(std::make_shared<Table>()) {}

CallMetrics::~CallMetrics() = default;

void CallMetrics::Intercept(OutgoingCall& call) {
  const Method& method = call.method();
  Count(call, absl::StrCat(View(method.service), "/", View(method.name)), call.request().size());
}

void CallMetrics::Intercept(IncomingCall& call) {
  Count(call, std::string(call.context().method()), call.request().size());
}

void CallMetrics::Count(InterceptedCall& call, const std::string& method, size_t request_bytes) {
  Table::Counters& counters = table_->Of(method);
  counters.in_progress.Add();
  counters.request_bytes.Add(request_bytes);
  call.AtEnd([table = table_, &counters](const CallEnd& end) {
    counters.in_progress.Subtract();
    counters.outcomes.Add(end.result.status().code());
    counters.latency.Add(end.elapsed);
    if (end.result.ok()) counters.reply_bytes.Add(end.result->size());
  });
}

std::vector<MethodMetrics> CallMetrics::Snapshot() const { return table_->Snapshot(); }

}  // namespace mqrpc

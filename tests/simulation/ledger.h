#ifndef MQRPC_TESTS_SIMULATION_LEDGER_H_
#define MQRPC_TESTS_SIMULATION_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/message.h"
#include "mqrpc/method.h"

namespace mqrpc::simulation {

class SimLoop;

// What the caller does with the handle of a call.
enum class Handling {
  kThen,      // a continuation at once
  kThenLate,  // a continuation later, perhaps after the call has ended
  kCancel,    // cancels it later, and takes the result
  kDrop,      // destroys it later
  kDetach,
};

// A call as its caller saw it.
struct CallRecord {
  Idempotency idempotency = Idempotency::kUnknown;
  QoS qos = QoS::kAtLeastOnce;
  bool wait_for_ready = false;
  bool may_retry = true;  // its policy allows more than one attempt
  bool is_calm = false;   // to be started when nothing went wrong (any more)
  bool is_probe = false;  // long after that
  Handling handling = Handling::kThen;
  const SimLoop* loop = nullptr;  // of its client

  absl::Time started = {};
  absl::Time deadline = {};
  absl::Time cancelled = absl::InfiniteFuture();
  absl::Time channel_gone = absl::InfiniteFuture();
  absl::Time taken = absl::InfinitePast();  // when the continuation was given, if late

  absl::Time sent = absl::InfiniteFuture();  // for the first time

  // When all that had been sent was lost, after it was last sent.
  absl::Time lost = absl::InfiniteFuture();

  int completions = 0;
  absl::Time completed = absl::InfiniteFuture();
  absl::StatusOr<uint64_t> result = absl::UnknownError("no result yet");  // the run's number

  bool came_twice = false;  // to one server, as a request that is delivered twice does
  std::vector<size_t> runs = {};
};

// One run of a handler.
struct RunRecord {
  enum class Outcome { kRunning, kOk, kFailed, kForgotten };

  size_t call = 0;
  uint64_t server = 0;  // one number for each start of a server
  absl::Time started = {};
  absl::Duration remaining = {};  // as the server knew it
  absl::Duration uncounted = {};  // time that the request spent where nobody could count it
  size_t calls_known = 0;         // that had come to the server by then
  uint64_t evictions = 0;         // from its cache, as it counts them
  Outcome outcome = Outcome::kRunning;
};

// All that the invariants are about: who called, and what ran.
class Ledger {
 public:
  size_t AddCall(CallRecord call) {
    calls_.push_back(std::move(call));
    return calls_.size() - 1;
  }
  size_t AddRun(RunRecord run) {
    if (run.call < calls_.size()) calls_[run.call].runs.push_back(runs_.size());
    runs_.push_back(run);
    return runs_.size() - 1;
  }

  // A full queue, of the broker or of a server with replies, has cost a message, silently.
  void NoteDrop(absl::Time when) { last_drop_ = when; }
  absl::Time last_drop() const { return last_drop_; }

  // What is wrong whatever becomes of the calls.
  void Complain(std::string complaint) { complaints_.push_back(std::move(complaint)); }

  CallRecord& call(size_t number) { return calls_[number]; }
  RunRecord& run(size_t number) { return runs_[number]; }
  const std::vector<CallRecord>& calls() const { return calls_; }
  const std::vector<RunRecord>& runs() const { return runs_; }
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  std::vector<CallRecord> calls_;
  std::vector<RunRecord> runs_;
  std::vector<std::string> complaints_;
  absl::Time last_drop_ = absl::InfinitePast();
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_LEDGER_H_

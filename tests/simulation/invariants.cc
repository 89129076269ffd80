#include "invariants.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim_loop.h"

namespace mqrpc::simulation {
namespace {

// What rounding to the wire's milliseconds may cost.
constexpr absl::Duration kTolerance = absl::Milliseconds(1);

// What a call takes at most when nothing goes wrong.
constexpr absl::Duration kPlenty = absl::Seconds(15);

// The bytes that a server counts for a reply that it keeps.
constexpr size_t kMostOfReply = 400;

std::string Offset(absl::Time time) { return absl::FormatDuration(time - absl::UnixEpoch()); }

// Of all errors that a server has with a reply, only this one is told to the caller.
bool IsAboutReply(const absl::Status& status) {
  return absl::StrContains(status.message(), "/replies") ||
         absl::StrContains(status.message(), "queued by server");
}

// Refused unrun, by a server.
bool IsOfServer(const absl::Status& status) {
  return absl::StrContains(status.message(), "wait for a worker") ||
         absl::StrContains(status.message(), "was shut down");
}

// The invariants of one call.
class CallCheck {
 public:
  CallCheck(
      const Ledger& ledger,
      const Faults& faults,
      size_t number,
      std::vector<std::string>& violations)
      : ledger_(ledger),
        faults_(faults),
        number_(number),
        call_(ledger.calls()[number]),
        violations_(violations) {}

  void Run() {
    CheckCompletion();
    if (call_.completions > 0) {
      CheckTime();
      CheckResult();
      CheckPromises();
    }
    CheckLateRuns();
    CheckRepeatedRuns();
  }

 private:
  template <class... Parts>
  void Violated(const Parts&... parts) {
    violations_.push_back(absl::StrCat("call ", number_, ": ", parts...));
  }

  void CheckCompletion();
  void CheckTime();
  void CheckResult();
  void CheckError(const absl::Status& status);
  void CheckPromises();
  void CheckLateRuns();
  void CheckRepeatedRuns();
  bool MayBeForgotten(const RunRecord& run, const RunRecord& again) const;
  bool IsOfRun(uint64_t run, RunRecord::Outcome outcome) const;
  bool HasRun(RunRecord::Outcome outcome) const;

  const Ledger& ledger_;
  const Faults& faults_;
  const size_t number_;
  const CallRecord& call_;
  std::vector<std::string>& violations_;
};

void CallCheck::CheckCompletion() {
  bool is_watched = call_.handling != Handling::kDrop && call_.handling != Handling::kDetach;
  if (call_.completions != (is_watched ? 1 : 0)) {
    Violated("completed ", call_.completions, " times");
  }
}

void CallCheck::CheckTime() {
  absl::Time latest = std::min(call_.deadline, std::min(call_.channel_gone, call_.cancelled));
  latest = call_.loop->Awake(std::max(latest + kTolerance, call_.taken));
  if (call_.completed > latest) {
    Violated("completed at ", Offset(call_.completed), ", not by ", Offset(latest));
  }
  if (absl::IsDeadlineExceeded(call_.result.status()) && call_.completed < call_.deadline) {
    Violated("DEADLINE_EXCEEDED at ", Offset(call_.completed), ", before its deadline");
  }
}

void CallCheck::CheckResult() {
  if (!call_.result.ok()) return CheckError(call_.result.status());
  if (!IsOfRun(*call_.result, RunRecord::Outcome::kOk)) {
    Violated("OK with the reply of run ", *call_.result, ", which is not such a one of its");
  }
}

void CallCheck::CheckError(const absl::Status& status) {
  uint64_t run = 0;
  switch (status.code()) {
    case absl::StatusCode::kAborted:
      if (absl::SimpleAtoi(status.message(), &run) && IsOfRun(run, RunRecord::Outcome::kFailed)) {
        return;
      }
      return Violated("failed as no run of it did: ", status.ToString());
    case absl::StatusCode::kInternal:
      if (HasRun(RunRecord::Outcome::kForgotten)) return;
      return Violated("no run of it was forgotten, but: ", status.ToString());
    case absl::StatusCode::kCancelled:
      if (std::min(call_.cancelled, call_.channel_gone) <= call_.completed) return;
      return Violated("nobody cancelled it: ", status.ToString());
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      break;
    default:
      return Violated("an unexpected status: ", status.ToString());
  }
  if (absl::StrContains(status.message(), "is unknown")) return;
  if (absl::StrContains(status.message(), "may have run")) return;
  bool did_not_run = absl::IsResourceExhausted(status) && !IsAboutReply(status);
  for (absl::string_view claim : {"nobody is subscribed", "not sent yet", "did not run"}) {
    did_not_run = did_not_run || absl::StrContains(status.message(), claim);
  }
  // A refusal is not remembered: what is delivered twice may be refused once, and then run.
  if (call_.came_twice && IsOfServer(status)) return;
  if (did_not_run && !call_.runs.empty()) {
    Violated("run ", call_.runs.front(), " was of it, but: ", status.ToString());
  }
}

void CallCheck::CheckPromises() {
  const absl::Status& status = call_.result.status();
  bool waits_for_reply = absl::StrContains(status.message(), "taken by the broker") ||
                         absl::StrContains(status.message(), "not acknowledged");
  if (waits_for_reply && call_.lost < std::min(call_.completed, call_.deadline)) {
    Violated("it was not told of the loss at ", Offset(call_.lost), ": ", status.ToString());
  }
  if (call_.is_probe && !status.ok()) {
    Violated("nothing goes wrong any more, but: ", status.ToString());
  }
  bool has_time = call_.deadline - call_.sent >= kPlenty;
  bool is_told = call_.qos == QoS::kAtLeastOnce;  // if there is no server yet
  bool is_calm = call_.is_calm && ledger_.last_drop() < call_.started;
  // Such a one knows that no server has it.
  bool waits = absl::StrContains(status.message(), "waiting to be sent again") ||
               absl::StrContains(status.message(), "not sent yet");
  bool is_lost = (absl::IsDeadlineExceeded(status) && !waits) ||
                 absl::StrContains(status.message(), "connection");
  if (is_calm && has_time && is_told && is_lost) {
    Violated("nothing went wrong, but: ", status.ToString());
  }
  if (!absl::IsUnavailable(status)) return;
  if (call_.wait_for_ready && absl::StrContains(status.message(), "nobody is subscribed")) {
    Violated("was to wait for a server: ", status.ToString());
  }
  bool is_of_attempt =
      IsOfServer(status) || absl::StrContains(status.message(), "nobody is subscribed");
  if (call_.may_retry && !is_of_attempt && call_.idempotency != Idempotency::kUnknown &&
      absl::StrContains(status.message(), "is unknown")) {
    Violated("was to be sent again: ", status.ToString());
  }
}

void CallCheck::CheckLateRuns() {
  for (size_t number : call_.runs) {
    const RunRecord& run = ledger_.runs()[number];
    if (run.started <= call_.deadline + run.uncounted + kTolerance) continue;
    Violated("run ", number, " began at ", Offset(run.started), ", after its deadline");
  }
}

// A server keeps a reply for as long as it thinks that the caller waits, if it has room.
void CallCheck::CheckRepeatedRuns() {
  if (call_.idempotency == Idempotency::kNoSideEffects) return;
  struct Kept {
    absl::Time until;
    const RunRecord* run;
  };
  std::map<uint64_t, Kept> by_server;
  for (size_t number : call_.runs) {
    const RunRecord& run = ledger_.runs()[number];
    absl::Time until = run.started + run.remaining;
    auto [found, is_first] = by_server.emplace(run.server, Kept{until, &run});
    Kept& kept = found->second;
    if (!is_first && run.started < kept.until && !MayBeForgotten(*kept.run, run)) {
      Violated("run ", number, " was not the first on server ", run.server);
    }
    kept = {std::max(kept.until, until), &run};
  }
  if (call_.idempotency == Idempotency::kUnknown && by_server.size() > 1) {
    Violated("harm may be done: it ran on ", by_server.size(), " servers");
  }
}

// The replies of idempotent methods go first, and are not counted.
bool CallCheck::MayBeForgotten(const RunRecord& run, const RunRecord& again) const {
  if (faults_.kept_replies == 0) return true;
  if (call_.idempotency == Idempotency::kUnknown) return again.evictions > run.evictions;
  return again.calls_known >
         std::min(faults_.kept_replies, faults_.kept_reply_bytes / kMostOfReply);
}

bool CallCheck::IsOfRun(uint64_t run, RunRecord::Outcome outcome) const {
  if (run >= ledger_.runs().size()) return false;
  const RunRecord& record = ledger_.runs()[run];
  return record.call == number_ && record.outcome == outcome && record.started <= call_.completed;
}

bool CallCheck::HasRun(RunRecord::Outcome outcome) const {
  return std::any_of(call_.runs.begin(), call_.runs.end(), [this, outcome](size_t run) {
    return ledger_.runs()[run].outcome == outcome;
  });
}

}  // namespace

std::vector<std::string> CheckInvariants(const Ledger& ledger, const Faults& faults) {
  std::vector<std::string> violations = ledger.complaints();
  for (size_t i = 0; i < ledger.calls().size(); ++i) {
    CallCheck(ledger, faults, i, violations).Run();
  }
  for (size_t i = 0; i < ledger.runs().size(); ++i) {
    if (ledger.runs()[i].call < ledger.calls().size()) continue;
    violations.push_back(absl::StrCat("run ", i, " is of no call"));
  }
  return violations;
}

}  // namespace mqrpc::simulation

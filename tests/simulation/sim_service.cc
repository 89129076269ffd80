#include "sim_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "batch.h"
#include "mqrpc/serialize.h"

namespace mqrpc::simulation {
namespace {

constexpr const char* kNames[] = {"Command", "Set", "Get"};

}  // namespace

Method MethodOf(Idempotency idempotency) {
  return {
      .service = kService,
      .name = kNames[static_cast<int>(idempotency)],
      .idempotency = idempotency};
}

size_t CallOf(const std::string& request) {
  Number number;
  if (!ParseInto(request, number).ok()) number.Clear();
  return number.value() - 1;
}

ServiceDescriptor SimService::mqrpc_descriptor() {
  ServiceDescriptor descriptor = {.name = kService};
  for (Idempotency idempotency :
       {Idempotency::kUnknown, Idempotency::kIdempotent, Idempotency::kNoSideEffects}) {
    descriptor.methods.push_back({MethodOf(idempotency), [this](std::unique_ptr<ServerCall> call) {
                                    Run(std::move(call));
                                  }});
  }
  return descriptor;
}

void SimService::OnArrival(const SimPacket& request) {
  if (absl::StrContains(request.message.topic, "/drain/")) {
    has_marker_ = true;
    return;
  }
  if (!internal::wire::IsBatch(request.message)) {
    return OnArrival(CallOf(request.message.payload), request.uncounted);
  }
  for (const auto& batched : internal::wire::DecodeRequests(request.message)) {
    OnArrival(CallOf(batched.frame.payload), request.uncounted);
  }
}

void SimService::OnArrival(size_t call, absl::Duration uncounted) {
  auto [longest, is_first] = uncounted_.emplace(call, uncounted);
  longest->second = std::max(longest->second, uncounted);
  if (!is_first && call < world_.ledger.calls().size()) world_.ledger.call(call).came_twice = true;
}

void SimService::Run(std::unique_ptr<ServerCall> call) {
  size_t number = CallOf(call->Read().value_or(""));
  size_t run = world_.ledger.AddRun(
      {.call = number,
       .server = server_,
       .started = world_.Now(),
       .remaining = call->context().TimeRemaining(),
       .uncounted = uncounted_[number],
       .calls_known = uncounted_.size(),
       .evictions = process_.evictions()});
  world_.history.Add("run ", run, " of call ", number, " begins on server ", server_);
  bool keeps_worker = workers_ != nullptr && !world_.random.Chance(world_.faults.answers_later);
  running_[run] = {std::move(call), keeps_worker ? workers_->Occupy() : nullptr};
  if (world_.random.Chance(world_.faults.crashes)) process_.crash();
  if (!world_.random.Chance(world_.faults.slow)) return Finish(run);
  loop_.RunAt(world_.Soon(world_.faults.max_handling), [this, run, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    SimLoop::OtherThread of_the_handler(loop_);
    Finish(run);
  });
}

void SimService::Finish(size_t run) {
  Running ended = std::move(running_.extract(run).mapped());
  ServerCall* call = ended.call.get();
  RunRecord& record = world_.ledger.run(run);
  CheckCancel(run, call->context());
  if (world_.random.Chance(world_.faults.forgets)) {
    record.outcome = RunRecord::Outcome::kForgotten;
    return world_.history.Add("run ", run, " ends without an answer");
  }
  if (world_.random.Chance(world_.faults.fails)) {
    record.outcome = RunRecord::Outcome::kFailed;
    world_.history.Add("run ", run, " fails");
    return call->Finish(absl::AbortedError(absl::StrCat(run)));
  }
  record.outcome = RunRecord::Outcome::kOk;
  world_.history.Add("run ", run, " ends");
  Number reply;
  reply.set_value(run + 1);
  call->Write(reply.SerializeAsString());
  call->Finish(absl::OkStatus());
}

// Who is told that nobody waits any more is told the truth.
void SimService::CheckCancel(size_t run, ServerContext& context) {
  if (context.TimeRemaining() == absl::ZeroDuration() || !context.IsCancelled()) return;
  const CallRecord& call = world_.ledger.call(world_.ledger.run(run).call);
  if (std::min(call.cancelled, call.channel_gone) <= world_.Now()) return;
  world_.ledger.Complain(absl::StrCat("run ", run, " is cancelled, but its call is not"));
}

}  // namespace mqrpc::simulation

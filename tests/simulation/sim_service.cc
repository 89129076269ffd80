#include "sim_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
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

ServiceDescriptor SimService::mqrpc_descriptor() {
  ServiceDescriptor descriptor = {.name = kService};
  for (Idempotency idempotency :
       {Idempotency::kUnknown, Idempotency::kIdempotent, Idempotency::kNoSideEffects}) {
    descriptor.methods.push_back(
        {.name = std::string(MethodOf(idempotency).name),
         .handler = [this](std::unique_ptr<ServerCall> call) { Run(std::move(call)); },
         .idempotency = idempotency});
  }
  return descriptor;
}

void SimService::Run(std::unique_ptr<ServerCall> call) {
  Number request;
  // What does not parse is nobody's call, and an invariant will say so.
  if (!ParseInto(call->Read().value_or(""), request).ok()) request.Clear();
  size_t number = request.value() - 1;
  size_t run = world_.ledger.AddRun(
      {.call = number,
       .server = server_,
       .started = world_.Now(),
       .remaining = call->context().TimeRemaining(),
       .uncounted = transport_.uncounted()});
  world_.history.Add("run ", run, " of call ", number, " begins on server ", server_);
  running_[run] = std::move(call);
  if (world_.random.Chance(world_.faults.crashes)) crash_();
  if (!world_.random.Chance(world_.faults.slow)) return Finish(run);
  loop_.RunAt(world_.Soon(world_.faults.max_handling), [this, run, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) Finish(run);
  });
}

void SimService::Finish(size_t run) {
  std::unique_ptr<ServerCall> call = std::move(running_.extract(run).mapped());
  RunRecord& record = world_.ledger.run(run);
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

}  // namespace mqrpc::simulation

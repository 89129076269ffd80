#ifndef MQRPC_SAGA_H_
#define MQRPC_SAGA_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/call_options.h"
#include "mqrpc/shared_text.h"
#include "mqrpc/task.h"

namespace mqrpc {

// What became of a step of a saga.
struct SagaEvent {
  enum class Kind {
    kRan,
    kFailed,              // with `status`, and the saga with it
    kCompensated,         // after it ran, or may have run
    kCompensationFailed,  // and is not tried again; the last time with `status`
    kNotCompensated,      // it has no compensation: OK; the saga stopped before it: ABORTED
  };

  std::string step = {};
  Kind kind = Kind::kRan;
  absl::Status status = absl::OkStatus();

  // `reserve: ran`, or `pay: failed: FAILED_PRECONDITION: the card is declined`.
  std::string ToString() const;
};

// What a saga does once a compensation has failed for good.
enum class AfterFailedCompensation {
  kGoOn,  // with those of the steps before
  kStop,  // and leaves them to someone who looks
};

struct SagaOptions {
  // Travels with every call of the saga, as the header `saga-id`: by it the services know what
  // belongs together, and what is asked again. As in metadata.h; empty: 16 random hex digits.
  SharedText id = {};

  // For the steps. The timeout, if there is one, is that of all of them together, counted from the
  // making of the saga. The headers go with the compensations too.
  //
  //   mqrpc::Saga saga({.steps = mqrpc::CallOptions::From(context)});   // inside a handler
  CallOptions steps = {};

  // For each try of a compensation. They do not end with the steps' time: what was done is to be
  // undone all the same, and a server that is away may come back.
  CallOptions compensations = {.timeout = absl::Seconds(60), .wait_for_ready = true};

  // Tries of one compensation, the first included; at least 1. Not tried again is what was refused
  // for certain, as by Saga below. There is no wait between them but that of the call itself.
  int compensation_attempts = 3;

  AfterFailedCompensation after_failed_compensation = AfterFailedCompensation::kGoOn;

  // Is told each event before anything else is begun, where the saga runs: the place to write it
  // down for good. A program that finds a saga unfinished when it starts compensates the steps that
  // it finds, and the one after them, which may have run too.
  std::function<void(const SagaEvent&)> on_event = nullptr;
};

// Steps that belong together and happen in several services, of which all are to be done in the
// end, or none. They run one after the other. When one fails, the compensations of those before it
// run, in reverse.
//
//   mqrpc::Saga saga({.id = "order-4711"});
//   saga.Step(
//       "reserve",
//       [&](const mqrpc::CallOptions& options) { return stock.Reserve(order, options).status(); },
//       [&](const mqrpc::CallOptions& options) { return stock.Release(order, options).status(); });
//   saga.Step("pay", [&](const mqrpc::CallOptions& options) {
//     return bank.Pay(order, options).status();
//   });
//   absl::Status status = saga.Run();
//
// The step that failed is compensated too, unless it certainly did not run: unless the service has
// answered INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, UNAUTHENTICATED,
// FAILED_PRECONDITION, OUT_OF_RANGE or UNIMPLEMENTED, by which it promises that nothing has
// happened. Every other code may come from a step that ran: a reply that was lost, or that was too
// large (RESOURCE_EXHAUSTED). So a compensation has to be OK
//   if there is nothing to undo, and
//   if it comes twice, or while the step still runs: a service that undoes a step by the saga's id
//   remembers it, and refuses the step when that comes later.
//
// Between a step and its compensation others see what the step did: a saga is no transaction. It
// lives in this process; for one that survives it, see SagaOptions::on_event.
//
// One thread at a time.
class Saga {
 public:
  explicit Saga(SagaOptions options = {});

  Saga(const Saga&) = delete;
  Saga& operator=(const Saga&) = delete;

  const std::string& id() const { return options_.id.text(); }

  // Adds a step: one call, made with the options that it is given. It returns an absl::Status, and
  // may block; or is a coroutine, and returns a Task<absl::Status>. So does the compensation; null:
  // there is nothing to undo. What either throws counts as INTERNAL. Before Run.
  template <class Run, class Compensation = std::nullptr_t>
  void Step(std::string name, Run run, Compensation compensation = nullptr) {
    steps_.push_back(
        {std::move(name), AsAction(std::move(run)), AsAction(std::move(compensation))});
  }

  // Runs the steps, and the compensations if need be, once. OK if all steps were. If not, the code
  // and the details of the one that failed; the message names it, the saga, and what could not be
  // compensated. And else:
  //   INVALID_ARGUMENT     an option is wrong, which the message names; nothing ran
  //   FAILED_PRECONDITION  it has run before
  // Blocks; not on the own thread of a connection that it needs.
  absl::Status Run() { return RunAsync().Wait(); }

  // The same as a task, for steps that are coroutines. The saga must outlive it. One that is
  // dropped before its end leaves things as they are then, and nothing is compensated.
  Task<absl::Status> RunAsync();

  // What has happened so far, in order.
  const std::vector<SagaEvent>& log() const { return log_; }

 private:
  using Action = absl::AnyInvocable<Task<absl::Status>(const CallOptions&)>;

  struct NamedStep {
    std::string name;
    Action run;
    Action compensation;
  };

  template <class Function>
  static Action AsAction(Function function) {
    if constexpr (std::is_same_v<Function, std::nullptr_t>) {
      return nullptr;
    } else if constexpr (std::is_invocable_r_v<absl::Status, Function&, const CallOptions&>) {
      return [function =
                  std::move(function)](const CallOptions& options) mutable -> Task<absl::Status> {
        co_return function(options);
      };
    } else {
      return Action(std::move(function));
    }
  }

  absl::Status Begin();
  Task<absl::Status> CompensateFrom(size_t failed, absl::Status failure);
  Task<absl::Status> Compensate(Action& compensation);
  CallOptions StepOptions() const;
  CallOptions CompensationOptions() const;
  absl::Status Failure(const std::string& step, const absl::Status& status) const;
  void Note(const NamedStep& step, SagaEvent::Kind kind, absl::Status status);

  const SagaOptions options_;
  const std::chrono::steady_clock::time_point end_of_steps_;
  std::vector<NamedStep> steps_;
  std::vector<SagaEvent> log_;
  bool has_begun_ = false;
};

}  // namespace mqrpc

#endif  // MQRPC_SAGA_H_

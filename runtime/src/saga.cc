#include "mqrpc/saga.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <random>

#include "absl/strings/str_cat.h"
#include "from_now.h"

namespace mqrpc {
namespace {

using Kind = SagaEvent::Kind;

constexpr char kIdHeader[] = "saga-id";

SagaOptions WithId(SagaOptions options) {
  if (!options.id.empty()) return options;
  std::random_device device;
  uint64_t random = uint64_t{device()} << 32 | device();
  options.id = absl::StrCat(absl::Hex(random, absl::kZeroPad16));
  return options;
}

// A code that we do not know says nothing for certain.
bool MayHaveRun(const absl::Status& failure) {
  switch (failure.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return false;
    default:
      return true;
  }
}

std::string CodeAndMessage(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message());
}

const char* NameOf(Kind kind) {
  switch (kind) {
    case Kind::kRan:
      return "ran";
    case Kind::kFailed:
      return "failed";
    case Kind::kCompensated:
      return "compensated";
    case Kind::kCompensationFailed:
      return "compensation failed";
    case Kind::kNotCompensated:
      return "not compensated";
  }
  return "unknown";
}

bool IsLeftUndone(const SagaEvent& event) {
  return event.kind != Kind::kFailed && !event.status.ok();
}

// The action and the options stay where they are until the task has ended.
template <class Action>
Task<absl::Status> Try(Action& action, const CallOptions& options) {
  try {
    co_return co_await action(options);
  } catch (const std::exception& thrown) {
    co_return absl::InternalError(absl::StrCat("it threw: ", thrown.what()));
  } catch (...) {
    co_return absl::InternalError("it threw");
  }
}

}  // namespace

std::string SagaEvent::ToString() const {
  std::string text = absl::StrCat(step, ": ", NameOf(kind));
  if (!status.ok()) absl::StrAppend(&text, ": ", CodeAndMessage(status));
  return text;
}

Saga::Saga(SagaOptions options)
    : options_(WithId(std::move(options))),
      end_of_steps_(internal::FromNow(options_.steps.timeout.value_or(absl::InfiniteDuration()))) {}

absl::Status Saga::Begin() {
  if (options_.compensation_attempts < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "SagaOptions::compensation_attempts is ",
        options_.compensation_attempts,
        "; at least 1"));
  }
  if (std::exchange(has_begun_, true)) {
    return absl::FailedPreconditionError(absl::StrCat("saga ", id(), " has run before"));
  }
  return absl::OkStatus();
}

Task<absl::Status> Saga::RunAsync() {
  if (absl::Status status = Begin(); !status.ok()) co_return status;
  for (size_t i = 0; i < steps_.size(); ++i) {
    CallOptions options = StepOptions();
    absl::Status status = co_await Try(steps_[i].run, options);
    Note(steps_[i], status.ok() ? Kind::kRan : Kind::kFailed, status);
    if (!status.ok()) co_return co_await CompensateFrom(i, status);
  }
  co_return absl::OkStatus();
}

// Answers as the saga does.
Task<absl::Status> Saga::CompensateFrom(size_t failed, absl::Status failure) {
  bool goes_on = true;
  for (size_t i = MayHaveRun(failure) ? failed + 1 : failed; i-- > 0;) {
    NamedStep& step = steps_[i];
    if (step.compensation == nullptr) {
      Note(step, Kind::kNotCompensated, absl::OkStatus());
    } else if (!goes_on) {
      Note(step, Kind::kNotCompensated, absl::AbortedError("a later compensation failed"));
    } else {
      absl::Status status = co_await Compensate(step.compensation);
      goes_on = status.ok() || options_.after_failed_compensation == AfterFailedCompensation::kGoOn;
      Note(step, status.ok() ? Kind::kCompensated : Kind::kCompensationFailed, status);
    }
  }
  co_return Failure(steps_[failed].name, failure);
}

Task<absl::Status> Saga::Compensate(Action& compensation) {
  CallOptions options = CompensationOptions();
  absl::Status status;
  for (int attempt = 0; attempt < options_.compensation_attempts; ++attempt) {
    status = co_await Try(compensation, options);
    if (status.ok() || !MayHaveRun(status)) break;
  }
  co_return status;
}

CallOptions Saga::StepOptions() const {
  CallOptions options = options_.steps;
  options.headers.Add(kIdHeader, id());
  if (options.timeout.has_value()) {
    // None left is a call that ends at once, not a wrong option.
    options.timeout = std::max(
        absl::FromChrono(end_of_steps_ - std::chrono::steady_clock::now()),
        absl::Nanoseconds(1));
  }
  return options;
}

CallOptions Saga::CompensationOptions() const {
  CallOptions options = options_.compensations;
  for (const auto& [name, value] : options_.steps.headers) options.headers.Add(name, value);
  options.headers.Add(kIdHeader, id());
  return options;
}

absl::Status Saga::Failure(const std::string& step, const absl::Status& status) const {
  std::string message =
      absl::StrCat("step \"", step, "\" of saga ", id(), " failed: ", status.message());
  for (const SagaEvent& event : log_) {
    if (!IsLeftUndone(event)) continue;
    absl::StrAppend(
        &message,
        "; \"",
        event.step,
        "\" is not compensated: ",
        CodeAndMessage(event.status));
  }
  absl::Status failure(status.code(), message);
  status.ForEachPayload([&failure](absl::string_view type_url, const absl::Cord& payload) {
    failure.SetPayload(type_url, payload);
  });
  return failure;
}

void Saga::Note(const NamedStep& step, SagaEvent::Kind kind, absl::Status status) {
  log_.push_back({.step = step.name, .kind = kind, .status = std::move(status)});
  if (options_.on_event) options_.on_event(log_.back());
}

}  // namespace mqrpc

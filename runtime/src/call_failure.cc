#include "call_failure.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "text.h"

namespace mqrpc::internal {
namespace {

using Stage = PendingCall::Stage;

std::string NameOf(const PendingCall& call) {
  return absl::StrCat(View(call.service), "/", View(call.method));
}

const char* Reached(const PendingCall& call) {
  switch (call.stage) {
    case Stage::kBackingOff:
    case Stage::kQueued:
      return call.may_have_run || call.waits > 0 ? "waiting to be sent again" : "not sent yet";
    case Stage::kSent:
      return "sent, but not acknowledged by the broker";
    case Stage::kAccepted:
      return "taken by the broker";
  }
  return "";
}

}  // namespace

absl::Status Expired(const PendingCall& call) {
  std::string text = absl::StrCat(
      call.until == Until::kReply ? "no reply from " : "the broker did not accept the call to ",
      NameOf(call),
      " within ",
      absl::FormatDuration(call.timeout),
      "; the request was ",
      Reached(call));
  if (call.stage <= Stage::kQueued && !call.refusal.ok()) {
    absl::StrAppend(&text, ": ", call.refusal.message());
  }
  if (call.may_have_run) absl::StrAppend(&text, "; it may have run");
  return absl::DeadlineExceededError(text);
}

absl::Status OutcomeUnknown(const absl::Status& cause, const PendingCall& call) {
  return absl::Status(
      cause.code(),
      absl::StrCat(cause.message(), "; the outcome of the call to ", NameOf(call), " is unknown"));
}

}  // namespace mqrpc::internal

#include "mqrpc/call_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "text.h"

namespace mqrpc {

using internal::View;

void CallLog::Intercept(OutgoingCall& call) {
  const Method& method = call.method();
  LogEnd(call, absl::StrCat(View(method.service), "/", View(method.name)), call.request().size());
}

void CallLog::Intercept(IncomingCall& call) {
  LogEnd(call, std::string(call.context().method()), call.request().size());
}

void CallLog::LogEnd(InterceptedCall& call, std::string method, size_t request_bytes) {
  call.AtEnd([this, method = std::move(method), request_bytes](const CallEnd& end) {
    std::string after = absl::FormatDuration(end.elapsed);
    if (end.result.ok()) {
      sink_(
          LogLevel::kInfo,
          absl::StrCat(
              method,
              " OK after ",
              after,
              " (",
              request_bytes,
              " bytes, answered with ",
              end.result->size(),
              ")"));
    } else {
      sink_(
          LogLevel::kWarning,
          absl::StrCat(
              method,
              " ",
              end.result.status().ToString(absl::StatusToStringMode::kWithNoExtraData),
              ", after ",
              after,
              " (",
              request_bytes,
              " bytes)"));
    }
  });
}

}  // namespace mqrpc

#include "call_plan.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "metadata_wire.h"
#include "topic.h"
#include "wire.h"

namespace mqrpc::internal {
namespace {

absl::Status CheckTimeout(absl::string_view what, absl::Duration timeout) {
  if (timeout > absl::ZeroDuration() && timeout <= wire::kMaxTimeout) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      what,
      " is ",
      absl::FormatDuration(timeout),
      "; a timeout is more than zero and at most 2147483647 ms"));
}

absl::Status CheckRetry(absl::string_view what, const RetryPolicy& retry) {
  if (retry.max_attempts < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        what,
        ".max_attempts is ",
        retry.max_attempts,
        "; at least 1, which means that nothing is sent again"));
  }
  if (retry.initial_backoff <= absl::ZeroDuration() || retry.max_backoff < retry.initial_backoff) {
    return absl::InvalidArgumentError(absl::StrCat(
        what,
        " has an initial_backoff of ",
        absl::FormatDuration(retry.initial_backoff),
        " and a max_backoff of ",
        absl::FormatDuration(retry.max_backoff),
        "; the first is more than zero, the second not less than that"));
  }
  if (retry.attempt_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        what,
        ".attempt_timeout is ",
        absl::FormatDuration(retry.attempt_timeout),
        "; it is more than zero"));
  }
  return absl::OkStatus();
}

absl::Status CheckHeaders(const ChannelOptions& channel, const Metadata& headers) {
  absl::Status status = wire::CheckMetadata(headers);
  if (!status.ok()) return status;
  return wire::CheckMetadataSize("ChannelOptions", channel.max_metadata_size, "request", headers);
}

template <class T>
const T& FirstOf(const std::optional<T>& call, const std::optional<T>& method, const T& channel) {
  return call.has_value() ? *call : method.has_value() ? *method : channel;
}

}  // namespace

absl::Status CheckChannelOptions(const ChannelOptions& options) {
  absl::Status status = CheckPrefix("ChannelOptions::prefix", options.prefix);
  if (status.ok() && !options.reply_prefix.empty()) {
    status = CheckPrefix("ChannelOptions::reply_prefix", options.reply_prefix);
  }
  if (!status.ok()) return status;
  if (options.max_outstanding_calls == 0) {
    return absl::InvalidArgumentError(
        "ChannelOptions::max_outstanding_calls is 0; no call could ever be made");
  }
  if (options.max_unanswered == 0) {
    return absl::InvalidArgumentError(
        "ChannelOptions::max_unanswered is 0; no call could ever be sent");
  }
  if (options.max_batch_calls == 0) {
    return absl::InvalidArgumentError(
        "ChannelOptions::max_batch_calls is 0; 1 is for a message for each call");
  }
  if (options.retries_per_hundred_calls < 0 || options.max_saved_retries < 0) {
    return absl::InvalidArgumentError(
        "ChannelOptions::retries_per_hundred_calls and max_saved_retries are 0 or more");
  }
  status = CheckRetry("ChannelOptions::retry", options.retry);
  return status.ok() ? CheckTimeout("ChannelOptions::timeout", options.timeout) : status;
}

absl::StatusOr<std::unique_ptr<PendingCall>> PlanCall(
    const ChannelOptions& channel,
    const Method& method,
    const CallOptions& call,
    absl::Time now) {
  auto plan = std::make_unique<PendingCall>();
  plan->service = method.service;
  plan->method = method.name;
  plan->idempotency = method.idempotency;
  plan->max_message_size = method.max_message_size;
  plan->qos = FirstOf(call.qos, method.options.qos, channel.qos);
  plan->wait_for_ready =
      FirstOf(call.wait_for_ready, method.options.wait_for_ready, channel.wait_for_ready);
  plan->shares_messages = FirstOf(call.shares_messages, method.options.shares_messages, true);
  plan->retry = FirstOf(call.retry, method.options.retry, channel.retry);
  plan->timeout = FirstOf(call.timeout, method.options.timeout, channel.timeout);
  absl::Status status = CheckTimeout("CallOptions::timeout", plan->timeout);
  if (status.ok()) status = CheckRetry("CallOptions::retry", plan->retry);
  if (status.ok() && !call.instance.empty()) {
    status = CheckLevel("CallOptions::instance", call.instance.text());
  }
  if (status.ok()) status = CheckHeaders(channel, call.headers);
  if (!status.ok()) return status;
  plan->instance = call.instance;
  if (!plan->instance.empty()) plan->shares_messages = false;
  plan->headers = call.headers;
  plan->reply_metadata = call.reply_metadata;
  plan->stop_token = call.stop_token;
  plan->deadline = now + plan->timeout;
  return plan;
}

}  // namespace mqrpc::internal

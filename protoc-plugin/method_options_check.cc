#include "protoc-plugin/method_options_check.h"

#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "mqrpc/call_options.h"
#include "mqrpc/options.pb.h"

namespace mqrpc::plugin {

using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;

namespace {

// What the wire can carry.
constexpr absl::Duration kMaxDuration = absl::Milliseconds(2147483647);

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// Those of one method, each with the place of the option and what it is called.
class Check final {
 public:
  Check(const MethodDescriptor& method, ErrorList& errors) : method_(method), errors_(errors) {}

  void Duration(
      const google::protobuf::Duration& value,
      std::vector<int> option,
      const char* name) {
    const absl::Duration duration = ToAbsl(value);
    if (duration > absl::ZeroDuration() && duration <= kMaxDuration) return;
    Fail(
        std::move(option),
        std::string(name) + " is " + absl::FormatDuration(duration) +
            "; it must be more than 0 and at most 2147483647 ms");
  }

  void MessageSize(const MethodOptions& options) {
    if (!options.HasExtension(mqrpc::max_message_size)) return;
    if (options.GetExtension(mqrpc::max_message_size) > 0) return;
    Fail({kMaxMessageSizeFieldNumber}, "(mqrpc.max_message_size) is 0; it must be more");
  }

  void Policy(const Retry& policy) {
    if (policy.has_max_attempts() && policy.max_attempts() < 1) {
      Fail(
          {kRetryFieldNumber, Retry::kMaxAttemptsFieldNumber},
          "(mqrpc.retry).max_attempts is " + std::to_string(policy.max_attempts()) +
              "; it must be at least 1, which is never to retry");
    }
    if (policy.has_initial_backoff()) {
      Duration(
          policy.initial_backoff(),
          {kRetryFieldNumber, Retry::kInitialBackoffFieldNumber},
          "(mqrpc.retry).initial_backoff");
    }
    if (policy.has_max_backoff()) {
      Duration(
          policy.max_backoff(),
          {kRetryFieldNumber, Retry::kMaxBackoffFieldNumber},
          "(mqrpc.retry).max_backoff");
    }
    if (policy.has_attempt_timeout()) {
      Duration(
          policy.attempt_timeout(),
          {kRetryFieldNumber, Retry::kAttemptTimeoutFieldNumber},
          "(mqrpc.retry).attempt_timeout");
    }
    Backoffs(policy);
  }

 private:
  // What is not set is what the runtime takes instead.
  void Backoffs(const Retry& policy) {
    RetryPolicy made;
    if (policy.has_initial_backoff()) made.initial_backoff = ToAbsl(policy.initial_backoff());
    if (policy.has_max_backoff()) made.max_backoff = ToAbsl(policy.max_backoff());
    if (made.initial_backoff <= made.max_backoff) return;
    if (made.max_backoff <= absl::ZeroDuration()) return;  // another error's
    const auto text = [](absl::Duration duration, bool is_set) {
      return absl::FormatDuration(duration) + (is_set ? "" : " by default");
    };
    Fail(
        {kRetryFieldNumber},
        "(mqrpc.retry).initial_backoff, " +
            text(made.initial_backoff, policy.has_initial_backoff()) +
            ", is more than max_backoff, " + text(made.max_backoff, policy.has_max_backoff()));
  }

  void Fail(std::vector<int> option, const std::string& message) {
    errors_.AddAtOption(
        method_,
        std::move(option),
        "method '" + std::string(method_.full_name()) + "': " + message);
  }

  const MethodDescriptor& method_;
  ErrorList& errors_;
};

}  // namespace

void CheckMethodOptions(const MethodDescriptor& method, ErrorList& errors) {
  const MethodOptions& options = method.options();
  Check check(method, errors);
  if (options.HasExtension(mqrpc::timeout)) {
    check.Duration(options.GetExtension(mqrpc::timeout), {kTimeoutFieldNumber}, "(mqrpc.timeout)");
  }
  check.MessageSize(options);
  if (options.HasExtension(mqrpc::retry)) check.Policy(options.GetExtension(mqrpc::retry));
}

}  // namespace mqrpc::plugin

#include "protoc-plugin/method_options.h"

#include <google/protobuf/descriptor.pb.h>

#include "mqrpc/options.pb.h"

namespace mqrpc::plugin {

namespace {

// Exact, since a duration that passed the check has no more nanoseconds than fit.
std::string DurationText(const google::protobuf::Duration& duration) {
  const int64_t nanoseconds = duration.seconds() * 1'000'000'000 + duration.nanos();
  if (nanoseconds % 1'000'000 == 0) {
    return "::absl::Milliseconds(" + std::to_string(nanoseconds / 1'000'000) + ")";
  }
  return "::absl::Nanoseconds(" + std::to_string(nanoseconds) + ")";
}

std::string IdempotencyText(google::protobuf::MethodOptions::IdempotencyLevel level) {
  switch (level) {
    case google::protobuf::MethodOptions::IDEMPOTENCY_UNKNOWN:
      return "";
    case google::protobuf::MethodOptions::NO_SIDE_EFFECTS:
      return "::mqrpc::Idempotency::kNoSideEffects";
    case google::protobuf::MethodOptions::IDEMPOTENT:
      return "::mqrpc::Idempotency::kIdempotent";
  }
  return "";
}

std::string QosText(QualityOfService qos) {
  switch (qos) {
    case AT_MOST_ONCE:
      return "::mqrpc::QoS::kAtMostOnce";
    case AT_LEAST_ONCE:
      return "::mqrpc::QoS::kAtLeastOnce";
    default:
      return "::mqrpc::QoS::kExactlyOnce";
  }
}

std::vector<std::string> RetryInitialisers(const Retry& policy) {
  std::vector<std::string> initialisers;
  if (policy.has_max_attempts()) {
    initialisers.push_back(".max_attempts = " + std::to_string(policy.max_attempts()));
  }
  if (policy.has_initial_backoff()) {
    initialisers.push_back(".initial_backoff = " + DurationText(policy.initial_backoff()));
  }
  if (policy.has_max_backoff()) {
    initialisers.push_back(".max_backoff = " + DurationText(policy.max_backoff()));
  }
  if (policy.has_attempt_timeout()) {
    initialisers.push_back(".attempt_timeout = " + DurationText(policy.attempt_timeout()));
  }
  return initialisers;
}

void Replace(std::string& text, const std::string& token, const std::string& value) {
  for (size_t at = text.find(token); at != std::string::npos; at = text.find(token, at)) {
    text.replace(at, token.size(), value);
    at += value.size();
  }
}

}  // namespace

std::string TopicOf(const google::protobuf::MethodDescriptor& method) {
  const google::protobuf::ServiceDescriptor& service = *method.service();
  std::string topic = method.options().GetExtension(mqrpc::topic);
  if (!method.options().HasExtension(mqrpc::topic) &&
      service.options().HasExtension(mqrpc::service_topic)) {
    topic = service.options().GetExtension(mqrpc::service_topic) + "/{method}";
  }
  Replace(topic, "{service}", std::string(service.full_name()));
  Replace(topic, "{method}", std::string(method.name()));
  return topic;
}

MethodOptions::MethodOptions(const google::protobuf::MethodDescriptor& method) {
  const google::protobuf::MethodOptions& options = method.options();
  idempotency = IdempotencyText(options.idempotency_level());
  if (options.HasExtension(mqrpc::timeout)) {
    call_options.push_back(".timeout = " + DurationText(options.GetExtension(mqrpc::timeout)));
  }
  if (options.HasExtension(mqrpc::qos)) {
    call_options.push_back(".qos = " + QosText(options.GetExtension(mqrpc::qos)));
  }
  if (options.HasExtension(mqrpc::wait_for_ready)) {
    const bool waits = options.GetExtension(mqrpc::wait_for_ready);
    call_options.push_back(std::string(".wait_for_ready = ") + (waits ? "true" : "false"));
  }
  if (options.HasExtension(mqrpc::shares_messages)) {
    const bool shares = options.GetExtension(mqrpc::shares_messages);
    call_options.push_back(std::string(".shares_messages = ") + (shares ? "true" : "false"));
  }
  is_broadcast = options.GetExtension(mqrpc::responders) == MANY;
  topic = TopicOf(method);
  if (options.HasExtension(mqrpc::max_message_size)) {
    max_message_size = std::to_string(options.GetExtension(mqrpc::max_message_size));
  }
  if (options.GetExtension(mqrpc::quick)) runs_on = "::mqrpc::RunsOn::kConnection";
  has_retry = options.HasExtension(mqrpc::retry);
  if (has_retry) retry = RetryInitialisers(options.GetExtension(mqrpc::retry));
}

}  // namespace mqrpc::plugin

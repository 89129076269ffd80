#include "request_intake.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "batch.h"
#include "text.h"
#include "wire_topics.h"

namespace mqrpc::internal {
namespace {

bool IsAtOrBelow(std::string_view topic, std::string_view prefix) {
  if (topic.substr(0, prefix.size()) != prefix) return false;
  return topic.size() == prefix.size() || topic[prefix.size()] == '/';
}

}  // namespace

void RequestIntake::Take(Message message, absl::Time arrival, Handle handle) const {
  counters_.received.Add();
  if (!MayRun(message)) return;
  std::string method(wire::MethodOf(message.topic));
  IncomingRequest request = {.method = method, .arrival = arrival};
  if (message.response_topic.has_value()) {
    request.reply_to = {
        .topic = *message.response_topic,
        .correlation = message.correlation_data,
        .qos = message.qos};
  }
  absl::StatusOr<wire::RequestFrame> frame = wire::DecodeRequest(std::move(message));
  if (frame.ok()) {
    request.frame = *std::move(frame);
  } else {
    request.status = std::move(frame).status();
  }
  if (request.reply_to.has_value()) {
    request.reply_to->content_type = request.frame.content_type;
    request.reply_to->attempt = request.frame.attempt;
  }
  handle(std::move(request));
}

void RequestIntake::TakeBatch(const Message& message, absl::Time arrival, Handle handle) const {
  if (!MayRun(message)) return counters_.received.Add();
  std::string_view method = wire::MethodOf(message.topic);
  SharedText reply_topic(message.response_topic.value_or(""));
  for (wire::BatchedRequest& batched : wire::DecodeRequests(message)) {
    counters_.received.Add();
    IncomingRequest request = {.method = method, .arrival = arrival};
    bool has_name = batched.frame.correlation.has_value();
    if (message.response_topic.has_value() && has_name) {
      request.reply_to = {
          .topic = reply_topic,
          .correlation = std::move(batched.frame.correlation),
          .qos = message.qos,
          .attempt = batched.frame.attempt,
          .is_in_batch = true};
    } else if (!batched.status.ok()) {
      counters_.malformed_batches.Add();
    }
    request.frame = std::move(batched.frame);
    request.status = std::move(batched.status);
    handle(std::move(request));
  }
}

bool RequestIntake::MayRun(const Message& message) const {
  if (message.retain) {
    counters_.retained_requests.Add();
    options_.log(LogLevel::kWarning, absl::StrCat("dropped a retained request on ", message.topic));
    return false;
  }
  if (!message.response_topic.has_value()) return true;
  absl::Status status = CheckReplyTopic(*message.response_topic);
  if (status.ok()) return true;
  counters_.unsafe_response_topics.Add();
  options_.log(
      LogLevel::kDebug,
      absl::StrCat("dropped a request on ", message.topic, ": ", status.message()));
  return false;
}

absl::Status RequestIntake::CheckReplyTopic(std::string_view topic) const {
  for (const std::string& prefix : options_.prefixes) {
    absl::Status status = wire::CheckReplyTopic(prefix, topic);
    if (!status.ok()) return status;
  }
  if (services_.HasTopic(topic)) {
    return absl::InvalidArgumentError(
        absl::StrCat("response topic \"", View(topic), "\" is where requests are served"));
  }
  bool allowed = options_.reply_prefixes.empty();
  for (const std::string& prefix : options_.reply_prefixes) {
    allowed = allowed || IsAtOrBelow(topic, prefix);
  }
  if (allowed) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("response topic \"", View(topic), "\" is below none of reply_prefixes"));
}

}  // namespace mqrpc::internal

#include "reply_topics.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "topic.h"
#include "wire_topics.h"

namespace mqrpc::internal {

void ReplyTopics::Open(OnReply on_reply, OnState on_state) {
  on_reply_ = std::move(on_reply);
  on_state_ = std::move(on_state);
  // The first CONNACK may bring Response Information; until then the first call waits.
  bool is_known = options_.response_information == ResponseInformation::kIgnore;
  if (is_known || transport_.is_connected()) Prepare().IgnoreError();
}

void ReplyTopics::Close() {
  for (const ReplyTopic& topic : topics_) transport_.Unsubscribe(topic.subscription, nullptr);
  topics_.clear();
}

ReplyTopic* ReplyTopics::Current() {
  if (topics_.empty() || topics_.back().information != Information()) return nullptr;
  return topics_.back().refused.ok() ? &topics_.back() : nullptr;
}

absl::Status ReplyTopics::Prepare() {
  std::optional<std::string> information = Information();
  if (topics_.empty() || topics_.back().information != information) {
    absl::Status status = MakeCurrent(std::move(information));
    if (!status.ok()) return status;
  }
  const absl::Status& refused = topics_.back().refused;
  return absl::Status(refused.code(), refused.message());  // for another thread: none is shared
}

void ReplyTopics::Release(ReplyTopic& topic) {
  if (--topic.calls == 0 && &topic != &topics_.back()) DropUnused();
}

std::optional<std::string> ReplyTopics::Information() const {
  if (options_.response_information == ResponseInformation::kIgnore) return std::nullopt;
  return transport_.response_information();
}

absl::StatusOr<std::string> ReplyTopics::NameFor(
    const std::optional<std::string>& information) const {
  if (!information.has_value()) {
    if (options_.response_information != ResponseInformation::kRequire) {
      bool has_own = !options_.reply_prefix.empty();
      return wire::ReplyTopic(
          has_own ? options_.reply_prefix : options_.prefix,
          transport_.client_id());
    }
    return absl::FailedPreconditionError(
        "the broker gave no Response Information, which ChannelOptions::response_information "
        "requires; is it asked for (MosquittoOptions::request_response_information)?");
  }
  std::string name = wire::InformedReplyTopic(*information, transport_.client_id());
  absl::Status status = CheckTopic("the topic below the broker's Response Information", name);
  if (!status.ok()) return absl::FailedPreconditionError(status.message());
  return name;
}

absl::Status ReplyTopics::MakeCurrent(std::optional<std::string> information) {
  auto known = std::find_if(topics_.begin(), topics_.end(), [&information](const auto& topic) {
    return topic.information == information;
  });
  if (known != topics_.end()) {
    topics_.splice(topics_.end(), topics_, known);
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> name = NameFor(information);
  if (!name.ok()) return name.status();
  ReplyTopic& topic = topics_.emplace_back();
  topic.name = *name;
  topic.information = std::move(information);
  topic.subscription = transport_.Subscribe(
      {.filter = topic.name,
       .on_message = [this](Message reply) { on_reply_(std::move(reply)); },
       .on_state =
           [this, &topic](const absl::Status& state) {
             topic.refused = absl::IsUnavailable(state) ? absl::OkStatus() : state;
             on_state_(topic, state);
           }});
  DropUnused();
  return absl::OkStatus();
}

void ReplyTopics::DropUnused() {
  for (auto topic = topics_.begin(); topic != std::prev(topics_.end());) {
    if (topic->calls > 0) {
      ++topic;
      continue;
    }
    transport_.Unsubscribe(topic->subscription, nullptr);
    topic = topics_.erase(topic);
  }
}

}  // namespace mqrpc::internal

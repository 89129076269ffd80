#include "call_topic.h"

#include "absl/strings/str_cat.h"
#include "request_field.h"
#include "text.h"
#include "topic_template.h"
#include "wire_topics.h"

namespace mqrpc::internal {

absl::StatusOr<std::string> TopicOf(
    const Method& method,
    const ChannelOptions& channel,
    const CallOptions& call,
    const google::protobuf::MessageLite& request) {
  if (method.topic.empty())
    return wire::BroadcastTopic(channel.prefix, method.service, method.name);
  absl::StatusOr<TopicTemplate> parsed = TopicTemplate::Parse(method.topic, channel.prefix);
  if (!parsed.ok()) return parsed.status();
  return parsed->Bind([&](std::string_view token) -> absl::StatusOr<std::string> {
    std::string_view field = RequestFieldOf(token);
    if (!field.empty()) return TextOfField(request, field);
    for (const TopicTokens* tokens : {&call.topic_tokens, &channel.topic_tokens}) {
      if (const std::string* value = FindToken(*tokens, token)) return *value;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "nothing says what {",
        View(token),
        "} is in the topic ",
        View(method.topic),
        "; set it in CallOptions::topic_tokens or ChannelOptions::topic_tokens"));
  });
}

}  // namespace mqrpc::internal

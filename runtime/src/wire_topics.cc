#include "wire_topics.h"

#include "absl/strings/str_cat.h"
#include "text.h"
#include "topic.h"

namespace mqrpc::internal::wire {

std::string RequestTopic(
    std::string_view prefix,
    std::string_view service,
    std::string_view method) {
  return absl::StrCat(View(prefix), "/services/", View(service), "/", View(method));
}

std::string ReplyTopic(std::string_view prefix, std::string_view client_id) {
  return absl::StrCat(View(prefix), "/clients/", View(client_id), "/replies");
}

std::string InformedReplyTopic(std::string_view response_information, std::string_view client_id) {
  return absl::StrCat(View(response_information), "/", View(client_id), "/replies");
}

std::string CancelTopic(std::string_view prefix, std::string_view service) {
  return absl::StrCat(View(prefix), "/cancels/", View(service));
}

std::string StreamTopic(std::string_view prefix, std::string_view client_id, uint64_t number) {
  return absl::StrCat(View(prefix), "/clients/", View(client_id), "/streams/", number);
}

std::string DrainTopic(std::string_view prefix, std::string_view client_id, uint64_t number) {
  return absl::StrCat(View(prefix), "/clients/", View(client_id), "/drain/", number);
}

std::string ServiceFilter(std::string_view prefix, std::string_view service) {
  return absl::StrCat(View(prefix), "/services/", View(service), "/+");
}

std::string BroadcastTopic(
    std::string_view prefix,
    std::string_view service,
    std::string_view method) {
  return absl::StrCat(View(prefix), "/broadcast/", View(service), "/", View(method));
}

std::string BroadcastFilter(std::string_view prefix, std::string_view service) {
  return absl::StrCat(View(prefix), "/broadcast/", View(service), "/+");
}

std::string PresenceTopic(std::string_view prefix, std::string_view client_id) {
  return absl::StrCat(View(prefix), "/presence/", View(client_id));
}

std::string PresenceFilter(std::string_view prefix) {
  return absl::StrCat(View(prefix), "/presence/+");
}

std::string InstanceTopic(
    std::string_view prefix,
    std::string_view instance,
    std::string_view service,
    std::string_view method) {
  return absl::StrCat(
      View(prefix),
      "/instances/",
      View(instance),
      "/",
      View(service),
      "/",
      View(method));
}

std::string InstanceFilter(std::string_view prefix, std::string_view instance) {
  return absl::StrCat(View(prefix), "/instances/", View(instance), "/+/+");
}

std::string SharedFilter(std::string_view group, std::string_view filter) {
  return absl::StrCat("$share/", View(group), "/", View(filter));
}

std::string_view MethodOf(std::string_view topic) { return topic.substr(topic.rfind('/') + 1); }

std::string_view ServiceOf(std::string_view topic) {
  return MethodOf(topic.substr(0, topic.rfind('/')));
}

absl::Status CheckReplyTopic(std::string_view prefix, std::string_view topic) {
  if (absl::Status status = CheckTopic("response topic", topic); !status.ok()) return status;
  if (topic.front() == '$') {
    return absl::InvalidArgumentError(
        absl::StrCat("response topic \"", View(topic), "\" begins with $"));
  }
  if (topic.size() <= prefix.size() || topic[prefix.size()] != '/') return absl::OkStatus();
  if (topic.substr(0, prefix.size()) != prefix) return absl::OkStatus();
  std::string_view below = topic.substr(prefix.size() + 1);
  for (size_t i = 0; i < kRequestTrees; ++i) {
    std::string_view tree = kTrees[i];
    if (below.substr(0, tree.size()) != tree) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "response topic \"",
        View(topic),
        "\" is among the requests under ",
        View(prefix),
        "/",
        View(tree)));
  }
  return absl::OkStatus();
}

}  // namespace mqrpc::internal::wire

#include "protoc-plugin/topic_check.h"

#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <utility>
#include <vector>

#include "mqrpc/options.pb.h"
#include "protoc-plugin/method_options.h"
#include "request_field.h"
#include "topic_template.h"

namespace mqrpc::plugin {

using google::protobuf::FileOptions;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using internal::TopicTemplate;

namespace {

absl::Status CheckFields(const TopicTemplate& topic, const MethodDescriptor& method) {
  const google::protobuf::Descriptor& request = *method.input_type();
  for (const TopicTemplate::Level& level : topic.levels()) {
    const std::string_view path =
        level.is_token ? internal::RequestFieldOf(level.text) : std::string_view();
    if (path.empty()) continue;
    if (method.client_streaming()) {
      return absl::InvalidArgumentError(
          "{" + level.text + "} is of the request, and this method has a stream of them");
    }
    if (request.file()->options().optimize_for() == FileOptions::LITE_RUNTIME) {
      return absl::InvalidArgumentError(
          "{" + level.text + "} is of a message of the lite runtime, whose fields have no names");
    }
    const auto fields = internal::FindField(request, path);
    if (!fields.ok()) return fields.status();
  }
  return absl::OkStatus();
}

// Its filter; empty if it has no topic, or a wrong one.
std::string CheckTopic(const MethodDescriptor& method, ErrorList& errors) {
  const std::string text = TopicOf(method);
  if (text.empty() && !method.options().HasExtension(mqrpc::topic)) return "";
  const auto topic = TopicTemplate::Parse(text, "mqrpc");
  absl::Status status = topic.ok() ? CheckFields(*topic, method) : topic.status();
  if (status.ok()) return *topic->Filter({});
  const std::string what = "method '" + std::string(method.full_name()) + "': ";
  errors.AddAtOption(method, {kTopicFieldNumber}, what + std::string(status.message()));
  return "";
}

}  // namespace

void CheckTopics(const ServiceDescriptor& service, ErrorList& errors) {
  std::vector<std::pair<std::string, const MethodDescriptor*>> filters;
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const std::string filter = CheckTopic(method, errors);
    if (filter.empty()) continue;
    for (const auto& [taken, owner] : filters) {
      if (!internal::FiltersOverlap(filter, taken)) continue;
      errors.AddAtOption(
          method,
          {kTopicFieldNumber},
          "method '" + std::string(method.full_name()) + "': its topic could be that of " +
              std::string(owner->name()) + " too");
    }
    filters.emplace_back(filter, &method);
  }
}

}  // namespace mqrpc::plugin

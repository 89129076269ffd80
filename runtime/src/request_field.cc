#include "request_field.h"

#include <google/protobuf/message.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "text.h"
#include "topic_template.h"

namespace mqrpc::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool IsText(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return false;
    default:
      return field.type() != FieldDescriptor::TYPE_BYTES;
  }
}

std::string TextOf(const Message& message, const FieldDescriptor& field) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(reflection.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::string(reflection.GetEnum(message, &field)->name());
    default:
      return reflection.GetString(message, &field);
  }
}

}  // namespace

absl::StatusOr<std::vector<const FieldDescriptor*>> FindField(
    const Descriptor& type,
    std::string_view path) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* at = &type;
  while (true) {
    size_t end = path.find('.');
    std::string name(path.substr(0, end));
    bool is_last = end == std::string_view::npos;
    const FieldDescriptor* field = at->FindFieldByName(name);
    auto wrong = [&](std::string_view problem) {
      return absl::InvalidArgumentError(
          absl::StrCat(std::string(at->full_name()), " ", View(problem), " ", name));
    };
    if (field == nullptr) return wrong("has no field");
    if (field->is_repeated()) return wrong("may have many of");
    if (is_last && !IsText(*field)) return wrong("has neither text nor a whole number in");
    fields.push_back(field);
    if (is_last) return fields;
    at = field->message_type();
    if (at == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is not a message, and has no fields"));
    }
    path.remove_prefix(end + 1);
  }
}

absl::StatusOr<std::string> TextOfField(
    const google::protobuf::MessageLite& message,
    std::string_view path) {
  auto* at = dynamic_cast<const Message*>(&message);
  if (at == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(message.GetTypeName(), " is of the lite runtime: its fields have no names"));
  }
  auto fields = FindField(*at->GetDescriptor(), path);
  if (!fields.ok()) return fields.status();
  for (size_t i = 0; i + 1 < fields->size(); ++i) {
    at = &at->GetReflection()->GetMessage(*at, (*fields)[i]);
  }
  return TextOf(*at, *fields->back());
}

absl::Status CheckTopicFields(
    const TopicTokens& tokens,
    const google::protobuf::MessageLite& request) {
  for (const auto& [token, value] : tokens) {
    std::string_view field = RequestFieldOf(token);
    if (field.empty()) continue;
    absl::StatusOr<std::string> asked = TextOfField(request, field);
    if (!asked.ok()) return asked.status();
    if (*asked == value) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        View(field),
        " is \"",
        absl::CHexEscape(*asked),
        "\" in the request, and \"",
        value,
        "\" in its topic"));
  }
  return absl::OkStatus();
}

}  // namespace mqrpc::internal

#include "protoc-plugin/method_constant.h"

#include <vector>

#include "protoc-plugin/layout.h"
#include "protoc-plugin/method_options.h"
#include "protoc-plugin/names.h"

namespace mqrpc::plugin {

namespace {

constexpr int kMemberIndent = 4;
constexpr int kNestedIndent = 8;  // of what is in the braces below a member

// As in a string literal.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string OnOneLine(const std::vector<std::string>& initialisers) {
  std::string text;
  for (const std::string& initialiser : initialisers) {
    text += (text.empty() ? "" : ", ") + initialiser;
  }
  return text;
}

std::string OneALine(const std::vector<std::string>& initialisers) {
  std::string text;
  for (const std::string& initialiser : initialisers) text += initialiser + ",\n";
  return text;
}

std::string Retry(const MethodOptions& options) {
  return ".retry = ::mqrpc::RetryPolicy{" + OnOneLine(options.retry) + "}";
}

// Indented as a member of the options, which is a member itself.
std::string RetryLines(const MethodOptions& options) {
  return FirstThatFits(
      {
          Retry(options) + ",\n",
          ".retry =\n    ::mqrpc::RetryPolicy{\n" +
              Indented(OneALine(options.retry), kNestedIndent) + "    },\n",
      },
      kMemberIndent + kNestedIndent);
}

std::string OptionsMember(const MethodOptions& options) {
  std::vector<std::string> all = options.call_options;
  if (options.has_retry) all.push_back(Retry(options));
  const std::string one = Indented(".options = {" + OnOneLine(all) + "},\n", kMemberIndent);
  if (one.size() <= kLineLimit + 1) return one;
  std::string text = Indented(".options =\n    {\n", kMemberIndent);
  text += Indented(OneALine(options.call_options), kMemberIndent + kNestedIndent);
  if (options.has_retry) text += RetryLines(options);
  return text + Indented("    },\n", kMemberIndent);
}

}  // namespace

std::string MethodConstant(const google::protobuf::MethodDescriptor& method) {
  const MethodOptions options(method);
  const MethodNames names(method);
  const std::string service = ServiceNames(*method.service()).class_name;
  // With names that fit on the first line, so do all others.
  std::string text = "constexpr ::mqrpc::Method " + names.constant + " = {\n";
  text += "    .service = " + service + "::" + std::string(kServiceNameConstant) + ",\n";
  text += "    .name = \"" + names.wire + "\",\n";
  if (!options.idempotency.empty()) text += "    .idempotency = " + options.idempotency + ",\n";
  if (!options.runs_on.empty()) text += "    .runs_on = " + options.runs_on + ",\n";
  if (options.is_broadcast) text += "    .responders = ::mqrpc::Responders::kMany,\n";
  if (names.streams_requests) text += "    .client_streaming = true,\n";
  if (names.streams_replies) text += "    .server_streaming = true,\n";
  if (!options.topic.empty()) text += "    .topic = \"" + Escaped(options.topic) + "\",\n";
  if (!options.max_message_size.empty()) {
    text += "    .max_message_size = " + options.max_message_size + ",\n";
  }
  if (options.HasCallOptions()) text += OptionsMember(options);
  return Guarded(text + "};\n", 0) + "\n";
}

}  // namespace mqrpc::plugin

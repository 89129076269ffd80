#include "protoc-plugin/source.h"

#include "protoc-plugin/comment.h"
#include "protoc-plugin/layout.h"
#include "protoc-plugin/method_constant.h"
#include "protoc-plugin/method_options.h"
#include "protoc-plugin/names.h"
#include "protoc-plugin/service_style.h"

namespace mqrpc::plugin {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

constexpr int kBodyIndent = 2;

std::string ServiceNameConstant() { return std::string(kServiceNameConstant); }

// A function that is one statement: all on one line if that fits.
std::string ShortFunction(Function head, const std::string& statement) {
  head.end = " { " + statement + " }";
  const std::string line = FunctionLines(head, 0);
  if (line.size() <= kLineLimit + 1 && line.find('\n') + 1 == line.size()) return line + "\n";
  head.end = " {";
  return Guarded(FunctionLines(head, 0) + "  " + statement + "\n}\n", 0) + "\n";
}

std::vector<std::string> StubParameters(const MethodNames& names, const std::string& options) {
  std::vector<std::string> parameters = {"const ::mqrpc::" + options + "& options"};
  if (names.streams_requests) return parameters;
  parameters.insert(parameters.begin(), "const " + names.request + "& request");
  return parameters;
}

// Hands on to the channel's function `start`, and back what that returns.
std::string StartingMethod(
    const ServiceNames& service,
    const MethodDescriptor& descriptor,
    const std::string& result,
    const std::string& name,
    const std::string& start,
    const std::string& options = "CallOptions") {
  const MethodNames names(descriptor);
  const Function head = {
      .result = result,
      .outer = service.class_name + "::",
      .inner = "Stub::",
      .name = name,
      .parameters = StubParameters(names, options),
      .end = " {"};
  const std::string call = "return channel_->" + start + "(";
  const std::string request = names.streams_requests ? "" : ", request";
  const std::string request_line = names.streams_requests ? "" : "    request,\n";
  const std::string body = FirstThatFits(
      {
          call + names.constant + request + ", options);\n",
          call + "\n    " + names.constant + ",\n" + request_line + "    options);\n",
      },
      kBodyIndent);
  return Guarded(FunctionLines(head, 0) + body + "}\n", 0) + "\n";
}

std::string StubMethods(const ServiceNames& service, const MethodDescriptor& method) {
  const MethodNames names(method);
  if (names.has_streams()) {
    const std::string start = "StartStream<" + names.called_stream + ">";
    return StartingMethod(service, method, names.called_stream, names.blocking, start);
  }
  const std::string reply = "<" + names.reply + ">";
  const std::string result = "::absl::StatusOr" + reply;
  const std::string call = "::mqrpc::Call" + reply;
  const std::string notify =
      StartingMethod(service, method, "::mqrpc::Call<void>", names.notify, "Notify");
  if (MethodOptions(method).is_broadcast) {
    const std::string query = "::mqrpc::Query" + reply;
    return StartingMethod(service, method, query, names.blocking, "Ask" + reply, "QueryOptions") +
           notify;
  }
  return StartingMethod(service, method, result, names.blocking, "StartAndWait" + reply) +
         StartingMethod(service, method, call, names.async, "Start" + reply) + notify;
}

std::string Handler(
    const ServiceNames& service,
    const ServiceStyle& style,
    const MethodDescriptor& method) {
  const MethodNames names(method);
  const Function head = {
      .result = style.result(names),
      .outer = service.class_name + "::",
      .inner = std::string(style.class_name) + "::",
      .name = names.blocking,
      .parameters = style.parameters(names, Parameters::kUnused)};
  return ShortFunction(head, style.unimplemented(names));
}

std::string DescribedMethod(const MethodDescriptor& method) {
  const MethodNames names(method);
  const std::string kind = names.has_streams() ? "Stream" : "Unary";
  const std::string handler =
      "::mqrpc::" + kind + "Handler(service, &mqrpc_Service::" + names.blocking + ")},\n";
  return FirstThatFits(
      {"{" + names.constant + ", " + handler, "{" + names.constant + ",\n " + handler},
      10);
}

// What the descriptors of all styles have in common.
std::string DescriptorTemplate(const ServiceDescriptor& service, const ServiceNames& names) {
  const bool has_methods = service.method_count() > 0;
  const Function head = {
      .result = "::mqrpc::ServiceDescriptor",
      .outer = names.class_name + "::",
      .name = "mqrpc_descriptor_of",
      .parameters = {std::string("mqrpc_Service* ") + (has_methods ? "service" : "/*service*/")},
      .end = " {"};
  std::string text = "template <class mqrpc_Service>\n" + FunctionLines(head, 0);
  if (!has_methods)
    return text + "  return {::std::string(" + ServiceNameConstant() + "), {}};\n}\n";
  text += "  return {\n      ::std::string(" + ServiceNameConstant() + "),\n      {\n";
  for (int i = 0; i < service.method_count(); ++i) {
    text += DescribedMethod(*service.method(i));
  }
  return text + "      },\n  };\n}\n";
}

std::string DescriptorFunction(const ServiceNames& service, const ServiceStyle& style) {
  const Function head = {
      .result = "::mqrpc::ServiceDescriptor",
      .outer = service.class_name + "::",
      .inner = std::string(style.class_name) + "::",
      .name = "mqrpc_descriptor"};
  return ShortFunction(head, "return mqrpc_descriptor_of(this);");
}

std::string ServiceFunctions(const ServiceDescriptor& service) {
  const ServiceNames names(service);
  std::string text;
  for (int i = 0; i < service.method_count(); ++i) text += MethodConstant(*service.method(i));
  for (int i = 0; i < service.method_count(); ++i) text += StubMethods(names, *service.method(i));
  for (const ServiceStyle& style : ServiceStyles()) {
    for (int i = 0; i < service.method_count(); ++i) {
      text += Handler(names, style, *service.method(i));
    }
  }
  text += Guarded(DescriptorTemplate(service, names), 0) + "\n";
  for (const ServiceStyle& style : ServiceStyles()) text += DescriptorFunction(names, style);
  return text;
}

}  // namespace

std::string SourceText(const FileDescriptor& file) {
  const FileNames names(file);
  std::string text =
      CommentLines("Generated by protoc-gen-mqrpc from " + names.proto + ". Do not edit.", 0);
  text += "\n#include \"" + names.header + "\"\n";
  if (file.service_count() == 0) return text;
  text += "\n#include <string>\n\n";
  if (HasStreams(file)) text += "#include \"mqrpc/stream_handlers.h\"\n\n";
  text += OpenNamespace(Namespace(file));
  if (!Namespace(file).empty()) text += "\n";
  for (int i = 0; i < file.service_count(); ++i) text += ServiceFunctions(*file.service(i));
  if (Namespace(file).empty()) text.pop_back();  // the blank line
  return text + CloseNamespace(Namespace(file));
}

}  // namespace mqrpc::plugin

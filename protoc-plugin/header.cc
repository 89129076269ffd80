#include "protoc-plugin/header.h"

#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <string_view>

#include "protoc-plugin/comment.h"
#include "protoc-plugin/layout.h"
#include "protoc-plugin/method_options.h"
#include "protoc-plugin/names.h"
#include "protoc-plugin/service_style.h"

namespace mqrpc::plugin {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

constexpr int kClassIndent = 2;   // of what is in the class of a service
constexpr int kMemberIndent = 4;  // of what is in a class within that

std::string Includes(const FileDescriptor& file, const FileNames& names) {
  std::set<std::string> sorted = {
      "\"absl/status/statusor.h\"",
      "\"mqrpc/call.h\"",
      "\"mqrpc/channel.h\"",
      "\"mqrpc/responder.h\"",
      "\"mqrpc/server_context.h\"",
      "\"mqrpc/service.h\"",
      "\"mqrpc/task.h\"",
      "\"" + names.messages + "\"",
  };
  if (HasStreams(file)) {
    sorted.insert({"\"mqrpc/client_stream.h\"", "\"mqrpc/server_stream.h\""});
  }
  std::string text = "#include <string_view>\n\n";
  for (const std::string& include : sorted) text += "#include " + include + "\n";
  return text + "\n";
}

// Whether a user of the whole service is to be warned.
bool IsDeprecated(const ServiceDescriptor& service) {
  return service.options().deprecated() || service.file()->options().deprecated();
}

std::string StreamingStubMethod(const MethodDescriptor& method, const std::string& prefix) {
  const MethodNames names(method);
  Function call = {
      .result = prefix + names.called_stream,
      .name = names.blocking,
      .parameters = {"const ::mqrpc::CallOptions& options = {}"},
      .end = ";"};
  if (!names.streams_requests) {
    call.parameters.insert(call.parameters.begin(), "const " + names.request + "& request");
  }
  return "\n" + CommentOf(method, kMemberIndent) +
         Guarded(FunctionLines(call, kMemberIndent), kMemberIndent);
}

std::string StubMethod(const MethodDescriptor& method) {
  const MethodNames names(method);
  const std::string prefix = method.options().deprecated() ? "[[deprecated]] " : "";
  if (names.has_streams()) return StreamingStubMethod(method, prefix);
  const std::vector<std::string> parameters = {
      "const " + names.request + "& request",
      "const ::mqrpc::CallOptions& options = {}"};
  const Function blocking = {
      .result = prefix + "::absl::StatusOr<" + names.reply + ">",
      .name = names.blocking,
      .parameters = parameters,
      .end = ";"};
  const Function async = {
      .result = prefix + "::mqrpc::Call<" + names.reply + ">",
      .name = names.async,
      .parameters = parameters,
      .end = ";"};
  const Function notify = {
      .result = prefix + "::mqrpc::Call<void>",
      .name = names.notify,
      .parameters = parameters,
      .end = ";"};
  if (MethodOptions(method).is_broadcast) {
    const Function query = {
        .result = prefix + "::mqrpc::Query<" + names.reply + ">",
        .name = names.blocking,
        .parameters =
            {"const " + names.request + "& request", "const ::mqrpc::QueryOptions& options = {}"},
        .end = ";"};
    return "\n" + CommentOf(method, kMemberIndent) +
           Guarded(FunctionLines(query, kMemberIndent), kMemberIndent) +
           Guarded(FunctionLines(notify, kMemberIndent), kMemberIndent);
  }
  return "\n" + CommentOf(method, kMemberIndent) +
         Guarded(FunctionLines(blocking, kMemberIndent), kMemberIndent) +
         Guarded(FunctionLines(async, kMemberIndent), kMemberIndent) +
         Guarded(FunctionLines(notify, kMemberIndent), kMemberIndent);
}

std::string StubClass(const ServiceDescriptor& service) {
  std::string text = Indented(
      "// Calls the service through a channel, which must outlive the stub. Cheap to make and to\n"
      "// copy. `X` waits for the reply, `XAsync` gives it later, `XNotify` asks for none.\n"
      "class Stub final {\n"
      " public:\n",
      kClassIndent);
  // Users of a deprecated service are those who make a stub of it: the class itself has no mark, as
  // the code of its own functions would be warned of.
  const std::string mark = IsDeprecated(service) ? "[[deprecated]] " : "";
  text += Indented(
      mark + "explicit Stub(::mqrpc::Channel& channel) : channel_(&channel) {}\n",
      kMemberIndent);
  for (int i = 0; i < service.method_count(); ++i) text += StubMethod(*service.method(i));
  const std::string unused = service.method_count() == 0 ? "[[maybe_unused]] " : "";
  return text + "\n" +
         Indented(" private:\n  " + unused + "::mqrpc::Channel* channel_;\n};\n", kClassIndent);
}

std::string Handler(const ServiceStyle& style, const MethodDescriptor& method) {
  const MethodNames names(method);
  const Function handler = {
      .result = "virtual " + style.result(names),
      .name = names.blocking,
      .parameters = style.parameters(names, Parameters::kUsed),
      .end = ";"};
  const std::string comment =
      style.repeats_comments ? CommentOf(method, kMemberIndent) : std::string();
  return comment + Guarded(FunctionLines(handler, kMemberIndent), kMemberIndent) + "\n";
}

std::string ServiceBaseClass(const ServiceStyle& style, const ServiceDescriptor& service) {
  const std::string name(style.class_name);
  std::string text = Indented(style.comment, kClassIndent);
  text += Indented("class " + name + " : public ::mqrpc::Service {\n public:\n", kClassIndent);
  for (int i = 0; i < service.method_count(); ++i) text += Handler(style, *service.method(i));
  text += Indented("::mqrpc::ServiceDescriptor mqrpc_descriptor() override;\n", kMemberIndent);
  return text + Indented("};\n\n", kClassIndent);
}

// What the descriptors of all styles have in common.
std::string DescriptorTemplate() {
  return " private:\n" +
         Indented(
             "template <class mqrpc_Service>\n"
             "static ::mqrpc::ServiceDescriptor mqrpc_descriptor_of(mqrpc_Service* service);\n",
             kClassIndent);
}

std::string ClassHead(const std::string& name) {
  const std::string head = FirstThatFits(
      {
          "class " + name + " final {\n",
          "class " + name + "\n    final {\n",
          "class\n    " + name + "\n        final {\n",
      },
      0);
  const std::string constructor =
      FirstThatFits({name + "() = delete;\n", name + "() =\n    delete;\n"}, kClassIndent);
  return head + " public:\n" + constructor + "\n";
}

std::string ServiceClass(const ServiceDescriptor& service) {
  const ServiceNames names(service);
  const std::string constant =
      "static constexpr ::std::string_view " + std::string(kServiceNameConstant) + " =";
  const std::string value = "\"" + names.wire + "\";\n";
  const std::string name_lines =
      FirstThatFits({constant + " " + value, constant + "\n    " + value}, kClassIndent);
  std::string text = CommentOf(service, 0) + ClassHead(names.class_name) +
                     Guarded(name_lines, kClassIndent) + "\n" + StubClass(service) + "\n";
  for (const ServiceStyle& style : ServiceStyles()) text += ServiceBaseClass(style, service);
  return text + DescriptorTemplate() + "};\n\n";
}

}  // namespace

std::string HeaderText(const FileDescriptor& file) {
  const FileNames names(file);
  std::string text =
      CommentLines("Generated by protoc-gen-mqrpc from " + names.proto + ". Do not edit.", 0);
  text += "\n#ifndef " + names.header_guard + "\n#define " + names.header_guard + "\n\n";
  if (file.service_count() > 0) {
    text += Includes(file, names) + OpenNamespace(Namespace(file));
    if (!Namespace(file).empty()) text += "\n";
    for (int i = 0; i < file.service_count(); ++i) text += ServiceClass(*file.service(i));
    text += CloseNamespace(Namespace(file));
    if (!Namespace(file).empty()) text += "\n";
  }
  return text + "#endif  // " + names.header_guard + "\n";
}

}  // namespace mqrpc::plugin

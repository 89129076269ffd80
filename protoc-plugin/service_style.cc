#include "protoc-plugin/service_style.h"

namespace mqrpc::plugin {

namespace {

constexpr std::string_view kService =
    "// Derive from it to serve. Handlers may block; one that is not overridden answers\n"
    "// UNIMPLEMENTED.\n";

constexpr std::string_view kAsyncService =
    "// Or from this: handlers answer later, from any thread, by `Finish`.\n";

constexpr std::string_view kCoService =
    "// Or from this: handlers are coroutines, and have the context until they end.\n";

std::string Named(const std::string& type, const std::string& name, Parameters use) {
  return type + " " + (use == Parameters::kUsed ? name : "/*" + name + "*/");
}

// What ends a call: the reply, or, after a stream of them, a status.
std::string ResultOf(const MethodNames& method) {
  return method.streams_replies ? "::absl::Status" : "::absl::StatusOr<" + method.reply + ">";
}

// Of a handler that returns the result: the context, the request if there is one, and the stream.
std::vector<std::string> Borrowed(
    const MethodNames& method,
    const std::string& request,
    Parameters use) {
  std::vector<std::string> parameters = {"::mqrpc::ServerContext& context"};
  if (!method.streams_requests) parameters.push_back(Named(request, "request", use));
  if (method.has_streams()) parameters.push_back(Named(method.served_stream + "&", "stream", use));
  return parameters;
}

constexpr ServiceStyle kBlocking = {
    .class_name = "Service",
    .comment = kService,
    .repeats_comments = true,
    .result = ResultOf,
    .parameters =
        [](const MethodNames& method, Parameters use) {
          return Borrowed(method, "const " + method.request + "&", use);
        },
    .unimplemented =
        [](const MethodNames&) {
          return std::string("return ::mqrpc::UnimplementedMethod(context);");
        }};

constexpr ServiceStyle kAsync = {
    .class_name = "AsyncService",
    .comment = kAsyncService,
    .repeats_comments = false,
    .result = [](const MethodNames&) { return std::string("void"); },
    .parameters =
        [](const MethodNames& method, Parameters use) {
          std::vector<std::string> parameters;
          if (!method.streams_requests) parameters = {Named(method.request, "request", use)};
          const std::string responder = "::mqrpc::Responder<" + method.reply + "> responder";
          parameters.push_back(method.has_streams() ? method.served_stream + " stream" : responder);
          return parameters;
        },
    .unimplemented =
        [](const MethodNames& method) {
          const std::string owned = method.has_streams() ? "stream" : "responder";
          return owned + ".Finish(::mqrpc::UnimplementedMethod(" + owned + ".context()));";
        }};

constexpr ServiceStyle kCoroutines = {
    .class_name = "CoService",
    .comment = kCoService,
    .repeats_comments = false,
    .result = [](const MethodNames& method) { return "::mqrpc::Task<" + ResultOf(method) + ">"; },
    .parameters = [](const MethodNames& method,
                     Parameters use) { return Borrowed(method, method.request, use); },
    .unimplemented =
        [](const MethodNames&) {
          return std::string("co_return ::mqrpc::UnimplementedMethod(context);");
        }};

}  // namespace

const std::array<ServiceStyle, 3>& ServiceStyles() {
  static constexpr std::array<ServiceStyle, 3> kStyles = {kBlocking, kAsync, kCoroutines};
  return kStyles;
}

}  // namespace mqrpc::plugin

#include "protoc-plugin/service_style.h"

namespace mqrpc::plugin {

namespace {

constexpr std::string_view kService =
    "// Derive from it to serve. Handlers may block; one that is not overridden answers\n"
    "// UNIMPLEMENTED.\n";

constexpr std::string_view kAsyncService =
    "// Or from this: handlers answer later, from any thread, by `responder.Finish`.\n";

constexpr std::string_view kCoService =
    "// Or from this: handlers are coroutines, and have the context until they end.\n";

}  // namespace

const std::array<ServiceStyle, 3>& ServiceStyles() {
  static const std::array<ServiceStyle, 3> styles = {{
      {.class_name = "Service",
       .comment = kService,
       .repeats_comments = true,
       .unimplemented = "return ::mqrpc::UnimplementedMethod(context);",
       .result = [](const MethodNames& method) { return "::absl::StatusOr<" + method.reply + ">"; },
       .parameters =
           [](const MethodNames& method, const std::string& request) {
             return std::vector<std::string>{
                 "::mqrpc::ServerContext& context",
                 "const " + method.request + "& " + request};
           }},
      {.class_name = "AsyncService",
       .comment = kAsyncService,
       .repeats_comments = false,
       .unimplemented = "responder.Finish(::mqrpc::UnimplementedMethod(responder.context()));",
       .result = [](const MethodNames&) { return std::string("void"); },
       .parameters =
           [](const MethodNames& method, const std::string& request) {
             return std::vector<std::string>{
                 method.request + " " + request,
                 "::mqrpc::Responder<" + method.reply + "> responder"};
           }},
      {.class_name = "CoService",
       .comment = kCoService,
       .repeats_comments = false,
       .unimplemented = "co_return ::mqrpc::UnimplementedMethod(context);",
       .result =
           [](const MethodNames& method) {
             return "::mqrpc::Task<::absl::StatusOr<" + method.reply + ">>";
           },
       .parameters =
           [](const MethodNames& method, const std::string& request) {
             return std::vector<std::string>{
                 "::mqrpc::ServerContext& context",
                 method.request + " " + request};
           }},
  }};
  return styles;
}

}  // namespace mqrpc::plugin

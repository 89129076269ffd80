#ifndef MQRPC_PROTOC_PLUGIN_SERVICE_STYLE_H_
#define MQRPC_PROTOC_PLUGIN_SERVICE_STYLE_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "protoc-plugin/names.h"

namespace mqrpc::plugin {

// Whether a handler uses what it is given.
enum class Parameters { kUsed, kUnused };

// A way to serve: one of the classes to derive from that are nested in that of a service.
struct ServiceStyle {
  std::string_view class_name;
  std::string_view comment;
  bool repeats_comments;  // of the methods in the .proto

  // What the handler of a method returns, and takes.
  std::string (*result)(const MethodNames& method);
  std::vector<std::string> (*parameters)(const MethodNames& method, Parameters use);

  // The one statement of a handler that is not overridden.
  std::string (*unimplemented)(const MethodNames& method);
};

// In the order in which they are generated.
const std::array<ServiceStyle, 3>& ServiceStyles();

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_SERVICE_STYLE_H_

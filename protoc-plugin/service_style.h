#ifndef MQRPC_PROTOC_PLUGIN_SERVICE_STYLE_H_
#define MQRPC_PROTOC_PLUGIN_SERVICE_STYLE_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "protoc-plugin/names.h"

namespace mqrpc::plugin {

// A way to serve: one of the classes to derive from that are nested in that of a service.
struct ServiceStyle {
  std::string_view class_name;
  std::string_view comment;
  bool repeats_comments;           // of the methods in the .proto
  std::string_view unimplemented;  // the one statement of a handler that is not overridden

  // What the handler of a method returns, and takes; with this name for the request.
  std::string (*result)(const MethodNames& method);
  std::vector<std::string> (*parameters)(const MethodNames& method, const std::string& request);
};

// In the order in which they are generated.
const std::array<ServiceStyle, 3>& ServiceStyles();

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_SERVICE_STYLE_H_

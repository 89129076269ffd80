#ifndef MQRPC_PROTOC_PLUGIN_METHOD_OPTIONS_CHECK_H_
#define MQRPC_PROTOC_PLUGIN_METHOD_OPTIONS_CHECK_H_

#include <google/protobuf/descriptor.h>

#include "protoc-plugin/error_list.h"

namespace mqrpc::plugin {

// Adds the options of mqrpc/options.proto that every call of the method would be refused for.
void CheckMethodOptions(const google::protobuf::MethodDescriptor& method, ErrorList& errors);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_METHOD_OPTIONS_CHECK_H_

#ifndef MQRPC_PROTOC_PLUGIN_METHOD_CONSTANT_H_
#define MQRPC_PROTOC_PLUGIN_METHOD_CONSTANT_H_

#include <google/protobuf/descriptor.h>

#include <string>

namespace mqrpc::plugin {

// The definition of the ::mqrpc::Method of a method, which its stub and its handlers refer to; it
// goes into the namespace of the file.
std::string MethodConstant(const google::protobuf::MethodDescriptor& method);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_METHOD_CONSTANT_H_

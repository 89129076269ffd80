#ifndef MQRPC_PROTOC_PLUGIN_SOURCE_H_
#define MQRPC_PROTOC_PLUGIN_SOURCE_H_

#include <google/protobuf/descriptor.h>

#include <string>

namespace mqrpc::plugin {

// What goes into X.mqrpc.pb.cc: the functions that X.mqrpc.pb.h declares, a statement each.
std::string SourceText(const google::protobuf::FileDescriptor& file);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_SOURCE_H_

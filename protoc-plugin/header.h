#ifndef MQRPC_PROTOC_PLUGIN_HEADER_H_
#define MQRPC_PROTOC_PLUGIN_HEADER_H_

#include <google/protobuf/descriptor.h>

#include <string>

namespace mqrpc::plugin {

// What goes into X.mqrpc.pb.h: a class for each service.
std::string HeaderText(const google::protobuf::FileDescriptor& file);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_HEADER_H_

#ifndef MQRPC_PROTOC_PLUGIN_CHECKS_H_
#define MQRPC_PROTOC_PLUGIN_CHECKS_H_

#include <google/protobuf/descriptor.h>

#include "protoc-plugin/error_list.h"

namespace mqrpc::plugin {

// Adds all that mqrpc cannot generate working code for: what is not supported, and names that the
// C++ compiler would refuse in code that its user did not write.
void CheckFile(const google::protobuf::FileDescriptor& file, ErrorList& errors);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_CHECKS_H_

#ifndef MQRPC_PROTOC_PLUGIN_TOPIC_CHECK_H_
#define MQRPC_PROTOC_PLUGIN_TOPIC_CHECK_H_

#include <google/protobuf/descriptor.h>

#include "protoc-plugin/error_list.h"

namespace mqrpc::plugin {

// Of the topics that the methods of a service have for themselves: that they are such, that the
// fields they name are in the requests, and that no request could be to two methods.
void CheckTopics(const google::protobuf::ServiceDescriptor& service, ErrorList& errors);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_TOPIC_CHECK_H_

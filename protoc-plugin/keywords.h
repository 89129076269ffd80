#ifndef MQRPC_PROTOC_PLUGIN_KEYWORDS_H_
#define MQRPC_PROTOC_PLUGIN_KEYWORDS_H_

#include <string>
#include <string_view>

namespace mqrpc::plugin {

// The C++ identifier for a name of a .proto: itself, or with `_` appended if it is a keyword. The
// same answer as protobuf's generator gives, and also for the keywords of C++20, of which some of
// its versions do not know.
std::string EscapeKeyword(std::string_view name);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_KEYWORDS_H_

#ifndef MQRPC_PROTOC_PLUGIN_UTF8_H_
#define MQRPC_PROTOC_PLUGIN_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace mqrpc::plugin {

// `text` with nothing but UTF-8 that can be shown: a tab is a space, and `?` stands for bytes that
// are not UTF-8, control characters, and marks of direction, which compilers warn of.
std::string PrintableUtf8(std::string_view text);

// How many columns clang-format takes printable UTF-8 to be wide, or more where that is hard to
// tell: never less.
size_t Columns(std::string_view text);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_UTF8_H_

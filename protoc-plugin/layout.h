#ifndef MQRPC_PROTOC_PLUGIN_LAYOUT_H_
#define MQRPC_PROTOC_PLUGIN_LAYOUT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mqrpc::plugin {

// Lays out generated code as clang-format does with the style of this project (.clang-format): on
// one line if it fits, else in ever smaller pieces. What does not fit in pieces either, with names
// that fill a line, is put on long lines which clang-format is told to leave alone.

inline constexpr size_t kLineLimit = 100;

// The first of `layouts`, which are without indent, whose lines are all within the limit; if there
// is none, just the first.
std::string FirstThatFits(const std::vector<std::string>& layouts, int indent);

// `code`, which is indented by `indent` spaces, between marks for clang-format if it has lines
// beyond the limit.
std::string Guarded(const std::string& code, int indent);

// `text` with `indent` spaces in front of every line.
std::string Indented(std::string_view text, int indent);

struct Function {
  std::string result = {};  // with what stands before it, such as `virtual`
  std::string outer = {};   // `Thermostat::`, and
  std::string inner = {};   // `Stub::`, outside of the class
  std::string name = {};
  std::vector<std::string> parameters = {};
  std::string end = {};  // `;` or ` {`
};

// The head of a function.
std::string FunctionLines(const Function& function, int indent);

// Around code in a namespace.
std::string OpenNamespace(const std::vector<std::string>& components);
std::string CloseNamespace(const std::vector<std::string>& components);

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_LAYOUT_H_

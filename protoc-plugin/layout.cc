#include "protoc-plugin/layout.h"

#include <algorithm>

namespace mqrpc::plugin {

namespace {

bool Fits(std::string_view text) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (std::min(end, text.size()) > kLineLimit) return false;
    text.remove_prefix(end + 1);
  }
  return true;
}

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) text += separator;
    text += part;
  }
  return text;
}

// The parameters, one a line, of a function whose name begins a line: 4 further in, or, since that
// gains nothing with a short name, behind it.
std::string ParametersBelow(const std::string& name, const std::vector<std::string>& parameters) {
  const size_t indent = name.size() + 1;
  if (indent > 4) return "(\n    " + Joined(parameters, ",\n    ");
  return "(" + Joined(parameters, ",\n" + std::string(indent, ' '));
}

// The parameters, one a line, with the name of one whose type is a template below that.
std::string NamesBelow(const std::vector<std::string>& parameters) {
  std::string text = Joined(parameters, ",\n    ");
  const size_t end = text.rfind("> ");
  if (end != std::string::npos) text.replace(end, 2, ">\n        ");
  return "(\n    " + text;
}

constexpr std::string_view kCloseNamespace = "}  // namespace ";

bool FitsInOne(const std::vector<std::string>& components) {
  return kCloseNamespace.size() + Joined(components, "::").size() <= kLineLimit;
}

}  // namespace

std::string FirstThatFits(const std::vector<std::string>& layouts, int indent) {
  for (const std::string& layout : layouts) {
    std::string text = Indented(layout, indent);
    if (Fits(text)) return text;
  }
  return Indented(layouts.back(), indent);
}

std::string Guarded(const std::string& code, int indent) {
  if (Fits(code)) return code;
  return Indented("// clang-format off\n", indent) + code +
         Indented("// clang-format on\n", indent);
}

std::string Indented(std::string_view text, int indent) {
  std::string result;
  while (!text.empty()) {
    const size_t size = text.find('\n') + 1;
    if (size > 1) result.append(static_cast<size_t>(indent), ' ');
    result += text.substr(0, size);
    text.remove_prefix(size);
  }
  return result;
}

std::string FunctionLines(const Function& function, int indent) {
  const std::string end = ")" + function.end + "\n";
  const std::string in_one = "(" + Joined(function.parameters, ", ") + end;
  const std::string one_each = "(\n    " + Joined(function.parameters, ",\n    ") + end;
  const std::string& name = function.name;
  const std::string below = name + ParametersBelow(name, function.parameters) + end;
  if (function.outer.empty()) {
    const std::string head = function.result + " " + name;
    const std::string above = function.result + "\n";
    const std::string names_below = NamesBelow(function.parameters) + end;
    return FirstThatFits(
        {head + in_one, head + one_each, head + names_below, above + name + in_one, above + below},
        indent);
  }
  const std::string outer = function.result + " " + function.outer;
  const std::string both = outer + function.inner;
  const std::string inner_name = function.inner + name;
  return FirstThatFits(
      {
          both + name + in_one,
          both + name + one_each,
          both + "\n" + Indented(name + in_one, 4),
          both + "\n" + Indented(below, 4),
          outer + "\n" + Indented(inner_name + in_one, 4),
          outer + "\n" + Indented(inner_name + one_each, 4),
      },
      indent);
}

std::string OpenNamespace(const std::vector<std::string>& components) {
  if (components.empty()) return "";
  if (FitsInOne(components)) return "namespace " + Joined(components, "::") + " {\n";
  return "namespace " + Joined(components, " {\nnamespace ") + " {\n";
}

std::string CloseNamespace(const std::vector<std::string>& components) {
  if (components.empty()) return "";
  if (FitsInOne(components)) return std::string(kCloseNamespace) + Joined(components, "::") + "\n";
  std::string innermost_first;
  for (const std::string& component : components) {
    const std::string start =
        FitsInOne({component}) ? std::string(kCloseNamespace) : "}  // namespace\n   // ";
    innermost_first.insert(0, start + component + "\n");
  }
  return innermost_first;
}

}  // namespace mqrpc::plugin

#include "protoc-plugin/comment.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "protoc-plugin/layout.h"
#include "protoc-plugin/utf8.h"

namespace mqrpc::plugin {

namespace {

constexpr size_t kDeepestIndent = 40;  // of text in a comment

// A comment that ends in one of these would continue on the next line.
bool EndsInContinuation(std::string_view text) {
  return text.ends_with('\\') || text.ends_with(
                                     "?"
                                     "?/");
}
constexpr std::string_view kAfterContinuation = "...";

// Without the third slash of `///` and the second asterisk of `/**`, which protoc takes for text.
std::string_view WithoutDocMark(std::string_view line, bool is_first) {
  const size_t text = std::min(line.find_first_not_of('/'), line.size());
  if (text > 0 && (text == line.size() || line[text] == ' ')) return line.substr(text);
  if (is_first && line.starts_with('*')) return line.substr(1);
  return line;
}

std::string_view WithoutTrailingSpace(std::string_view line) {
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

// The lines of `text` as they go behind `//`: each empty, or beginning with a space.
std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = WithoutTrailingSpace(text.substr(0, end));
    std::string line = PrintableUtf8(WithoutDocMark(raw, lines.empty()));
    if (!line.empty() && line.front() != ' ') line.insert(0, " ");
    lines.push_back(std::move(line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto has_text = [](const std::string& line) { return !line.empty(); };
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), has_text));
  lines.erase(std::find_if(lines.rbegin(), lines.rend(), has_text).base(), lines.end());
  return lines;
}

// Takes the next word off `text`, and the spaces before it too.
std::string_view TakeWord(std::string_view& text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const size_t end = std::min(text.find(' ', begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

bool FitsOnLine(const std::string& line, int indent) {
  const size_t reserve = EndsInContinuation(line) ? kAfterContinuation.size() : 0;
  return static_cast<size_t>(indent) + Columns(line) + reserve <= kLineLimit;
}

void AddLine(std::string line, int indent, std::string& result) {
  if (EndsInContinuation(line)) line += kAfterContinuation;
  result.append(static_cast<size_t>(indent), ' ');
  result += line + "\n";
}

// Whether `next` may be joined to the rest of `line`: not lists, tables, code and paragraphs.
bool GoesOnIn(const std::string& line, const std::string& next) {
  const size_t indent = next.find_first_not_of(' ');
  return indent != std::string::npos && indent == line.find_first_not_of(' ') &&
         std::isalpha(static_cast<unsigned char>(next[indent]));
}

// Adds the beginning of `line`, as much as fits, and returns the rest, with the same space before
// it; empty if nothing is left. A word that does not fit alone has a line of its own.
std::string AddBeginning(const std::string& line, int indent, std::string& result) {
  if (FitsOnLine("//" + line, indent)) {
    AddLine("//" + line, indent, result);
    return "";
  }
  std::string_view text = line;
  const std::string space(std::min(text.find_first_not_of(' '), kDeepestIndent), ' ');
  std::string current = "//" + space + std::string(TakeWord(text));
  while (!text.empty()) {
    std::string_view rest = text;
    TakeWord(rest);
    const std::string longer = current + std::string(text.substr(0, text.size() - rest.size()));
    if (!FitsOnLine(longer, indent)) break;
    current = longer;
    text = rest;
  }
  AddLine(std::move(current), indent, result);
  if (text.empty()) return "";
  return space + std::string(text.substr(text.find_first_not_of(' ')));
}

}  // namespace

std::string CommentLines(std::string_view text, int indent) {
  std::string result;
  std::vector<std::string> lines = Lines(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string rest = AddBeginning(lines[i], indent, result);
    if (rest.empty()) continue;
    if (i + 1 < lines.size() && GoesOnIn(rest, lines[i + 1])) {
      const size_t next_text = lines[i + 1].find_first_not_of(' ');
      lines[i + 1] = rest + " " + lines[i + 1].substr(next_text);
    } else {
      lines[i--] = std::move(rest);
    }
  }
  return result;
}

}  // namespace mqrpc::plugin

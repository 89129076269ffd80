#include "protoc-plugin/utf8.h"

#include <cstdint>

#include "runtime/src/utf8.h"

namespace mqrpc::plugin {
namespace {

using internal::Character;
using internal::DecodeUtf8;

bool IsControl(uint32_t value) {
  return value < 0x20 || (value >= 0x7F && value < 0xA0) ||  // C0, DEL, C1
         value == 0x061C || value == 0x200E || value == 0x200F ||
         (value >= 0x2028 && value <= 0x202E) || (value >= 0x2066 && value <= 0x2069) ||
         value == 0xFEFF;
}

struct Range {
  uint32_t first;
  uint32_t last;
  size_t columns;
};

// The characters that comments are mostly written in.
constexpr Range kKnownWidths[] = {
    {0x20, 0x7E, 1},
    {0xA1, 0xAC, 1},
    {0xAE, 0x24F, 1},   // Latin
    {0x391, 0x3A1, 1},  // Greek
    {0x3A3, 0x3CE, 1},
    {0x400, 0x482, 1},  // Cyrillic
    {0x48A, 0x523, 1},
    {0x2010, 0x2027, 1},  // dashes, quotes, bullets, ellipsis
    {0x2190, 0x21FF, 1},  // arrows
    {0x3041, 0x3096, 2},  // Hiragana
    {0x30A1, 0x30FA, 2},  // Katakana
    {0x4E00, 0x9FA5, 2},  // CJK
    {0xAC00, 0xD7A3, 2},  // Hangul
};

// 0 if not known.
size_t Width(uint32_t value) {
  for (const Range& range : kKnownWidths) {
    if (value >= range.first && value <= range.last) return range.columns;
  }
  return 0;
}

}  // namespace

std::string PrintableUtf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Character first = DecodeUtf8(text);
    const size_t size = first.length == 0 ? 1 : first.length;
    if (text.front() == '\t') {
      result += ' ';
    } else if (first.length == 0 || IsControl(first.code)) {
      result += '?';
    } else {
      result += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return result;
}

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const Character first = DecodeUtf8(rest);
    const size_t width = Width(first.code);
    if (first.length == 0 || width == 0) return text.size();
    columns += width;
    rest.remove_prefix(first.length);
  }
  return columns;
}

}  // namespace mqrpc::plugin

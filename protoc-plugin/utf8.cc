#include "protoc-plugin/utf8.h"

#include <cstdint>

namespace mqrpc::plugin {

namespace {

struct CodePoint {
  uint32_t value = 0;
  size_t size = 0;  // in bytes; 0 if this is not UTF-8
};

// How many bytes a sequence that begins with `lead` has; 0 if none does.
size_t SequenceSize(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

CodePoint First(std::string_view text) {
  constexpr uint32_t kLeadMasks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t size = SequenceSize(lead);
  if (size == 0 || size > text.size()) return {};
  uint32_t value = lead & kLeadMasks[size];
  for (size_t i = 1; i < size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte & 0x3Fu);
  }
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[size] || value > 0x10FFFF || is_surrogate) return {};
  return {value, size};
}

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
    const CodePoint first = First(text);
    const size_t size = first.size == 0 ? 1 : first.size;
    if (text.front() == '\t') {
      result += ' ';
    } else if (first.size == 0 || IsControl(first.value)) {
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
    const CodePoint first = First(rest);
    const size_t width = Width(first.value);
    if (first.size == 0 || width == 0) return text.size();
    columns += width;
    rest.remove_prefix(first.size);
  }
  return columns;
}

}  // namespace mqrpc::plugin

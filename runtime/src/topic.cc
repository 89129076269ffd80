#include "topic.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "text.h"
#include "utf8.h"

namespace mqrpc::internal {
namespace {

constexpr size_t kMaxStringBytes = 65'535;
constexpr size_t kMaxLevelBytes = 128;
constexpr size_t kMaxQuotedBytes = 80;

constexpr std::string_view kSharePrefix = "$share/";

constexpr std::string_view kStringRule =
    "at most 65535 bytes of UTF-8 without control characters or non-characters";
constexpr std::string_view kTopicRule = "at least one byte, and no wildcards (+ or #)";
constexpr std::string_view kFilterRule =
    "at least one byte; + is a whole level, # a whole level and the last; shared: "
    "$share/{group}/{filter}";
constexpr std::string_view kLevelRule =
    "one topic level: 1 to 128 bytes without /, + or #, not beginning with $";
constexpr std::string_view kPrefixRule =
    "topic levels joined by /: each 1 to 128 bytes without + or #, not beginning with $";

std::string Quote(std::string_view value) {
  std::string quoted = absl::StrCat("\"", absl::CHexEscape(View(value.substr(0, kMaxQuotedBytes))));
  return value.size() <= kMaxQuotedBytes ? absl::StrCat(quoted, "\"")
                                         : absl::StrCat(quoted, "...\"");
}

absl::Status Refuse(
    std::string_view what,
    std::string_view value,
    std::string_view problem,
    std::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(View(what), " ", Quote(value), " ", View(problem), "; allowed: ", View(rule)));
}

bool IsControl(uint32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

bool IsNonCharacter(uint32_t code) {
  return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

// What of a string MQTT cannot carry; empty if it can.
std::string FindUnfitCharacter(std::string_view value) {
  for (size_t at = 0; at < value.size();) {
    Character character = DecodeUtf8(value.substr(at));
    if (character.length == 0) return absl::StrCat("is not UTF-8 at byte ", at);
    const char* unfit = IsControl(character.code)        ? "control character"
                        : IsNonCharacter(character.code) ? "non-character"
                                                         : nullptr;
    if (unfit != nullptr) {
      auto hex = absl::Hex(character.code, absl::kZeroPad4);
      return absl::StrCat("has the ", unfit, " U+", hex, " at byte ", at);
    }
    at += character.length;
  }
  return {};
}

// True of nearly all strings that come, and quick.
bool IsPrintableAscii(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

// The level that `rest` begins with, which is taken off it, and the `/` after it.
std::string_view TakeLevel(std::string_view& rest) {
  size_t end = std::min(rest.find('/'), rest.size());
  std::string_view level = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return level;
}

bool WildcardsAreLevels(std::string_view filter) {
  for (size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '+' && filter[i] != '#') continue;
    bool begins_level = i == 0 || filter[i - 1] == '/';
    bool ends_filter = i + 1 == filter.size();
    bool ends_level = ends_filter || (filter[i] == '+' && filter[i + 1] == '/');
    if (!begins_level || !ends_level) return false;
  }
  return true;
}

// What keeps it from being a level of ours; empty if nothing does.
std::string_view FindLevelProblem(std::string_view level) {
  if (level.empty()) return "is empty";
  if (level.size() > kMaxLevelBytes) return "is too long";
  if (level.find('/') != std::string_view::npos) return "has a /";
  if (level.front() == '$') return "begins with $";
  if (HasWildcard(level)) return "has a wildcard";
  return {};
}

}  // namespace

FilterParts SplitShared(std::string_view filter) {
  FilterParts plain = {.filter = filter};
  if (filter.substr(0, kSharePrefix.size()) != kSharePrefix) return plain;
  std::string_view rest = filter.substr(kSharePrefix.size());
  std::string_view group = TakeLevel(rest);
  if (group.empty() || rest.empty()) return plain;  // CheckFilter refuses it
  return {.group = group, .filter = rest};
}

bool HasWildcard(std::string_view filter) {
  return std::any_of(filter.begin(), filter.end(), [](char c) { return c == '+' || c == '#'; });
}

bool TopicMatches(std::string_view filter, std::string_view topic) {
  if (filter.empty() || topic.empty()) return false;
  if (topic.front() == '$' && filter.front() != '$') return false;
  size_t f = 0;
  size_t t = 0;
  while (f < filter.size()) {
    if (filter[f] == '#') return true;
    if (filter[f] == '+') {
      t = std::min(topic.find('/', t), topic.size());
      ++f;
    } else if (t < topic.size() && filter[f] == topic[t]) {
      ++f;
      ++t;
    } else {
      // `a/#` takes `a` too.
      return t == topic.size() && filter.substr(f) == "/#";
    }
  }
  return t == topic.size();
}

bool IsUtf8(std::string_view value) {
  for (size_t at = 0; at < value.size();) {
    size_t length = DecodeUtf8(value.substr(at)).length;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

absl::Status CheckString(std::string_view what, std::string_view value) {
  if (value.size() > kMaxStringBytes) {
    return Refuse(what, value, absl::StrCat("has ", value.size(), " bytes"), kStringRule);
  }
  if (IsPrintableAscii(value)) return absl::OkStatus();
  std::string problem = FindUnfitCharacter(value);
  return problem.empty() ? absl::OkStatus() : Refuse(what, value, problem, kStringRule);
}

absl::Status CheckTopic(std::string_view what, std::string_view topic) {
  if (topic.empty()) return Refuse(what, topic, "is empty", kTopicRule);
  if (HasWildcard(topic)) return Refuse(what, topic, "has a wildcard", kTopicRule);
  return CheckString(what, topic);
}

absl::Status CheckFilter(std::string_view what, std::string_view filter) {
  if (filter.empty()) return Refuse(what, filter, "is empty", kFilterRule);
  FilterParts parts = SplitShared(filter);
  bool says_shared = filter == "$share" || filter.substr(0, kSharePrefix.size()) == kSharePrefix;
  if (says_shared && parts.group.empty()) {
    return Refuse(what, filter, "begins with $share but lacks a group or a filter", kFilterRule);
  }
  if (HasWildcard(parts.group)) {
    return Refuse(what, filter, "has a wildcard in its group", kFilterRule);
  }
  if (!WildcardsAreLevels(parts.filter)) {
    return Refuse(what, filter, "has a misplaced wildcard", kFilterRule);
  }
  return CheckString(what, filter);
}

absl::Status CheckLevel(std::string_view what, std::string_view level) {
  std::string_view problem = FindLevelProblem(level);
  return problem.empty() ? CheckString(what, level) : Refuse(what, level, problem, kLevelRule);
}

absl::Status CheckPrefix(std::string_view what, std::string_view prefix) {
  if (prefix.empty()) return Refuse(what, prefix, "is empty", kPrefixRule);
  if (prefix.back() == '/') return Refuse(what, prefix, "ends with /", kPrefixRule);
  for (std::string_view rest = prefix; !rest.empty();) {
    std::string_view problem = FindLevelProblem(TakeLevel(rest));
    if (problem.empty()) continue;
    return Refuse(what, prefix, absl::StrCat("has a level that ", View(problem)), kPrefixRule);
  }
  return CheckString(what, prefix);
}

}  // namespace mqrpc::internal

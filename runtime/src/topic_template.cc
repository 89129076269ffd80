#include "topic_template.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "text.h"
#include "topic.h"

namespace mqrpc::internal {
namespace {

constexpr std::string_view kRule =
    "; a topic is levels joined by /, each a text without +, # and braces or one {token}, whose "
    "name has letters, digits and _ ({request.field} for a field of the request); {prefix} may "
    "only come first";

absl::Status Wrong(std::string_view text, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("topic \"", absl::CHexEscape(View(text)), "\" ", View(problem), View(kRule)));
}

std::vector<std::string_view> LevelsOf(std::string_view topic) {
  std::vector<std::string_view> levels;
  while (true) {
    size_t end = topic.find('/');
    levels.push_back(topic.substr(0, end));
    if (end == std::string_view::npos) return levels;
    topic.remove_prefix(end + 1);
  }
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '_';
  });
}

bool IsTokenName(std::string_view name) {
  std::string_view path = RequestFieldOf(name);
  if (path.empty()) return IsName(name);
  while (true) {
    size_t end = path.find('.');
    if (!IsName(path.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

absl::StatusOr<TopicTemplate> TopicTemplate::Parse(std::string_view text, std::string_view prefix) {
  std::string_view rest = text;
  std::string topic;
  if (rest.substr(0, kPrefixToken.size()) == kPrefixToken) {
    rest.remove_prefix(kPrefixToken.size());
    if (!rest.empty() && rest.front() != '/')
      return Wrong(text, "goes on after {prefix} without /");
    topic = std::string(prefix);
  }
  topic.append(rest);
  TopicTemplate made;
  for (std::string_view level : LevelsOf(topic)) {
    bool is_token = level.size() > 2 && level.front() == '{' && level.back() == '}';
    std::string_view name = is_token ? level.substr(1, level.size() - 2) : level;
    if (is_token && name == "prefix") return Wrong(text, "has {prefix} in the middle");
    if (is_token && !IsTokenName(name)) return Wrong(text, "has a token of another name");
    if (!is_token && level.find_first_of("{}") != std::string_view::npos) {
      return Wrong(text, "has a brace that belongs to no token");
    }
    absl::Status status = is_token ? absl::OkStatus() : CheckLevel("topic level", name);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("topic \"", absl::CHexEscape(View(text)), "\": ", status.message()));
    }
    made.levels_.push_back({std::string(name), is_token});
  }
  return made;
}

absl::StatusOr<std::string> TopicTemplate::Bind(ValueOf value_of) const {
  std::string topic;
  for (const Level& level : levels_) {
    if (!topic.empty()) topic += '/';
    if (!level.is_token) {
      topic += level.text;
      continue;
    }
    absl::StatusOr<std::string> value = value_of(level.text);
    if (!value.ok()) return value;
    absl::Status status = CheckLevel(absl::StrCat("topic token {", level.text, "}"), *value);
    if (!status.ok()) return status;
    topic += *value;
  }
  absl::Status status = CheckTopic("topic", topic);
  if (!status.ok()) return status;
  return topic;
}

absl::StatusOr<std::string> TopicTemplate::Filter(const TopicTokens& tokens) const {
  std::string filter;
  for (const Level& level : levels_) {
    if (!filter.empty()) filter += '/';
    const std::string* value = level.is_token ? FindToken(tokens, level.text) : &level.text;
    if (value != nullptr) {
      absl::Status status = CheckLevel(absl::StrCat("topic token {", level.text, "}"), *value);
      if (!status.ok()) return status;
    }
    filter += value != nullptr ? *value : "+";
  }
  return filter;
}

TopicTokens TopicTemplate::TokensOf(std::string_view topic) const {
  TopicTokens tokens;
  std::vector<std::string_view> values = LevelsOf(topic);
  for (size_t i = 0; i < std::min(levels_.size(), values.size()); ++i) {
    if (levels_[i].is_token) tokens.emplace_back(levels_[i].text, values[i]);
  }
  return tokens;
}

std::string_view RequestFieldOf(std::string_view token) {
  bool is_field = token.substr(0, kRequestToken.size()) == kRequestToken;
  return is_field ? token.substr(kRequestToken.size()) : std::string_view();
}

const std::string* FindToken(const TopicTokens& tokens, std::string_view name) {
  for (const auto& [token, value] : tokens) {
    if (token == name) return &value;
  }
  return nullptr;
}

bool FiltersOverlap(std::string_view one, std::string_view other) {
  std::vector<std::string_view> ours = LevelsOf(one);
  std::vector<std::string_view> theirs = LevelsOf(other);
  for (size_t i = 0; i < std::max(ours.size(), theirs.size()); ++i) {
    bool ends = (i < ours.size() && ours[i] == "#") || (i < theirs.size() && theirs[i] == "#");
    if (ends) return true;
    if (i >= ours.size() || i >= theirs.size()) return false;
    if (ours[i] != theirs[i] && ours[i] != "+" && theirs[i] != "+") return false;
  }
  return true;
}

}  // namespace mqrpc::internal

// Whether a topic matches a filter, against MQTT 5 section 4.7 read level by level; and what may be
// a topic or a filter at all.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_split.h"
#include "byte_reader.h"
#include "expect.h"
#include "topic.h"

namespace mqrpc::fuzz {
namespace {

using namespace internal;

bool MatchesByLevel(const std::string& filter, const std::string& topic) {
  if (topic.front() == '$' && filter.front() != '$') return false;
  std::vector<std::string> asked = absl::StrSplit(filter, '/');
  std::vector<std::string> levels = absl::StrSplit(topic, '/');
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] == "#") return true;
    if (i == levels.size() || (asked[i] != "+" && asked[i] != levels[i])) return false;
    bool takes_parent = i + 2 == asked.size() && asked[i + 1] == "#";
    if (takes_parent && i + 1 == levels.size()) return true;
  }
  return asked.size() == levels.size();
}

void FuzzMatch(const std::string& filter, const std::string& topic) {
  if (topic.empty() || !CheckFilter("", filter).ok()) return;
  Expect(TopicMatches(filter, topic) == MatchesByLevel(filter, topic), "it matches level by level");
}

void FuzzNames(const std::string& name) {
  bool is_topic = CheckTopic("", name).ok();
  bool is_string = CheckString("", name).ok();
  Expect(!is_string || IsUtf8(name), "a string is UTF-8");
  Expect(is_topic == (is_string && !name.empty() && !HasWildcard(name)), "a topic is a name");
  Expect(!CheckLevel("", name).ok() || CheckPrefix("", name).ok(), "a level is a prefix");
  Expect(!CheckPrefix("", name).ok() || is_topic, "a prefix is a topic");
  Expect(!CheckFilter("", name).ok() || is_string, "a filter is a string");
  Expect(!is_topic || name.front() == '$' || CheckFilter("", name).ok(), "a topic is a filter");
  FilterParts parts = SplitShared(name);
  std::string whole = parts.group.empty() ? "" : "$share/" + std::string(parts.group) + "/";
  Expect(whole + std::string(parts.filter) == name, "a filter is its parts");
}

}  // namespace
}  // namespace mqrpc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mqrpc::fuzz::ByteReader input(data, size);
  std::string filter = input.Bytes();
  std::string topic = input.Rest();
  mqrpc::fuzz::FuzzMatch(filter, topic);
  mqrpc::fuzz::FuzzNames(filter);
  mqrpc::fuzz::FuzzNames(topic);
  return 0;
}

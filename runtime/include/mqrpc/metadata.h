#ifndef MQRPC_METADATA_H_
#define MQRPC_METADATA_H_

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mqrpc {

// What travels beside a request or a reply, as gRPC has it: names with values, in order, of which
// names may repeat.
//
//   calculator.Add(request, {.headers = {{"tenant", "acme"}, {"signature-bin", bytes}}});
//
// A name has lower-case letters, digits, `-`, `_` and `.`, and does not begin with `mqrpc-`. A
// value is not empty, and text that MQTT carries (well-formed UTF-8 without control characters);
// that of a name which ends in `-bin` is any bytes. All together may have
// ChannelOptions::max_metadata_size, or ServerOptions::max_metadata_size, bytes. A call with others
// is answered INVALID_ARGUMENT or RESOURCE_EXHAUSTED, naming what is wrong.
//
// In an MQTT message they are user properties (MQTT 5 section 3.3.2.3.7), so that plain tools read
// and send them; those ending in `-bin` in base64.
class Metadata {
 public:
  using Entry = std::pair<std::string, std::string>;
  using value_type = Entry;
  using const_iterator = std::vector<Entry>::const_iterator;

  Metadata() = default;
  Metadata(std::initializer_list<Entry> entries) : entries_(entries) {}

  void Add(std::string_view name, std::string_view value) { entries_.emplace_back(name, value); }

  // The first of that name; null if there is none. Until the next change.
  const std::string* Find(std::string_view name) const {
    auto found = std::find_if(entries_.begin(), entries_.end(), [name](const Entry& entry) {
      return entry.first == name;
    });
    return found == entries_.end() ? nullptr : &found->second;
  }

  // The values of all of that name, in order.
  std::vector<std::string> FindAll(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [other, value] : entries_) {
      if (other == name) values.push_back(value);
    }
    return values;
  }

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  friend bool operator==(const Metadata& one, const Metadata& other) = default;

 private:
  std::vector<Entry> entries_;
};

// What came beside a reply, or beside the status of a call that a handler has failed.
struct ReplyMetadata {
  Metadata headers = {};
  Metadata trailers = {};
};

}  // namespace mqrpc

#endif  // MQRPC_METADATA_H_

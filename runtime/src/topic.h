#ifndef MQRPC_TOPIC_H_
#define MQRPC_TOPIC_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mqrpc::internal {

// Topic names and filters, as MQTT 5 sections 1.5.4, 4.7 and 4.8 have them.
//
// The checks answer INVALID_ARGUMENT. Their messages say `what` is wrong, which value came
// (escaped, and shortened where it is long), and what is allowed.

// A filter `$share/{group}/{filter}` in its parts; group is empty for one that is not shared.
struct FilterParts {
  std::string_view group = {};
  std::string_view filter = {};
};
FilterParts SplitShared(std::string_view filter);

// Whether a filter that has no `$share` in front takes other topics than the one it spells.
bool HasWildcard(std::string_view filter);

// Whether a message to `topic` goes to a subscription of `filter`, which has no `$share` in front.
bool TopicMatches(std::string_view filter, std::string_view topic);

// Well-formed UTF-8, whatever characters it has. MQTT allows fewer: see CheckString.
bool IsUtf8(std::string_view value);

// A string that MQTT can carry: well-formed UTF-8 without control characters or non-characters (a
// broker may close the connection over one), at most 65,535 bytes.
absl::Status CheckString(std::string_view what, std::string_view value);

// A topic to publish to: a CheckString that is not empty and has no wildcards.
absl::Status CheckTopic(std::string_view what, std::string_view topic);

// A filter to subscribe to: `+` and `#` only where they may be, `$share` well formed.
absl::Status CheckFilter(std::string_view what, std::string_view filter);

// One level of ours, such as a client id or a group: 1 to 128 bytes without `/`, `+`, `#`, not
// beginning with `$`.
absl::Status CheckLevel(std::string_view what, std::string_view level);

// Levels of ours joined by `/`.
absl::Status CheckPrefix(std::string_view what, std::string_view prefix);

}  // namespace mqrpc::internal

#endif  // MQRPC_TOPIC_H_

#ifndef MQRPC_TOPIC_TEMPLATE_H_
#define MQRPC_TOPIC_TEMPLATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "mqrpc/topic_tokens.h"

namespace mqrpc::internal {

// The topic of a method as its .proto writes it: levels, each a text or a `{token}`. Of the tokens
// `{request.field}` is a field of the request, and `{prefix}`, which is replaced before, that of
// channels and servers.
class TopicTemplate {
 public:
  struct Level {
    std::string text = {};  // of a token its name
    bool is_token = false;
  };

  // INVALID_ARGUMENT that says what is wrong with it, and what is allowed.
  static absl::StatusOr<TopicTemplate> Parse(std::string_view text, std::string_view prefix);

  const std::vector<Level>& levels() const { return levels_; }

  // The topic, with what `value_of` says for each token, which is to be one level; else its error.
  using ValueOf = absl::FunctionRef<absl::StatusOr<std::string>(std::string_view token)>;
  absl::StatusOr<std::string> Bind(ValueOf value_of) const;

  // The topics that there can be of it, with some of the tokens bound: `+` for the others.
  absl::StatusOr<std::string> Filter(const TopicTokens& tokens) const;

  // The values of all tokens in a topic which that filter matched.
  TopicTokens TokensOf(std::string_view topic) const;

 private:
  std::vector<Level> levels_;
};

inline constexpr std::string_view kPrefixToken = "{prefix}";
inline constexpr std::string_view kRequestToken = "request.";  // what the names of such begin with

// The path of the field that a token names; empty if it is another token.
std::string_view RequestFieldOf(std::string_view token);

// Null if there is none.
const std::string* FindToken(const TopicTokens& tokens, std::string_view name);

// Whether there is a topic that both filters match, which have no `$share` in front.
bool FiltersOverlap(std::string_view one, std::string_view other);

}  // namespace mqrpc::internal

#endif  // MQRPC_TOPIC_TEMPLATE_H_

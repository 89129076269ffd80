#ifndef MQRPC_TOPIC_TOKENS_H_
#define MQRPC_TOPIC_TOKENS_H_

#include <string>
#include <utility>
#include <vector>

namespace mqrpc {

// What the `{tokens}` of topics stand for (`option (mqrpc.topic)`): names with values, each value
// one topic level of 1 to 128 bytes without `/`, `+` or `#`, not beginning with `$`. Of a name that
// comes twice the first counts.
//
//   mqrpc::Channel channel(*transport, {.topic_tokens = {{"plant", "north"}}});
using TopicTokens = std::vector<std::pair<std::string, std::string>>;

}  // namespace mqrpc

#endif  // MQRPC_TOPIC_TOKENS_H_

#ifndef MQRPC_MESSAGE_SIZE_H_
#define MQRPC_MESSAGE_SIZE_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "text.h"

namespace mqrpc::internal {

// RESOURCE_EXHAUSTED if a request or a reply is larger than its method says, or else, where that is
// 0, the options of its channel or server.
inline absl::Status CheckSize(
    std::string_view options,
    size_t most,
    size_t most_of_method,
    std::string_view what,
    size_t size) {
  if (size <= (most_of_method > 0 ? most_of_method : most)) return absl::OkStatus();
  std::string bound = most_of_method > 0
                          ? absl::StrCat("(mqrpc.max_message_size) (", most_of_method)
                          : absl::StrCat(View(options), "::max_message_size (", most);
  return absl::ResourceExhaustedError(
      absl::StrCat(bound, "): the ", View(what), " has ", size, " bytes"));
}

}  // namespace mqrpc::internal

#endif  // MQRPC_MESSAGE_SIZE_H_

#ifndef MQRPC_TEXT_H_
#define MQRPC_TEXT_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace mqrpc::internal {

// Where absl::string_view is a class of its own (Abseil built for C++14, as Debian's), it does not
// convert from std::string_view. We use the latter, and this at the edge.
inline absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace mqrpc::internal

#endif  // MQRPC_TEXT_H_

#include "mqrpc/log.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mqrpc {

void LogToStderr(LogLevel level, std::string_view line) {
  if (level < LogLevel::kWarning) return;
  const char* name = level == LogLevel::kWarning ? "warning" : "error";
  // One write a line, so that lines of several threads do not mix.
  std::string text =
      absl::StrCat("mqrpc: ", name, ": ", absl::string_view(line.data(), line.size()), "\n");
  fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace mqrpc

#ifndef MQRPC_LOG_H_
#define MQRPC_LOG_H_

#include <functional>
#include <string_view>

namespace mqrpc {

// kDebug    one message of one call: a late reply, a refused response topic of a stranger
// kInfo     connected, subscribed
// kWarning  something was dropped or lost and somebody should know
// kError    a bug, ours or a handler's: an exception escaped, an answer was never given
enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Takes one line without a line end. Called from any thread, several at once; must not block for
// long, since the connection's own thread waits for it.
using LogSink = std::function<void(LogLevel, std::string_view line)>;

// The default sink: warnings and errors, to standard error.
void LogToStderr(LogLevel level, std::string_view line);

}  // namespace mqrpc

#endif  // MQRPC_LOG_H_

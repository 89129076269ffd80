#ifndef MQRPC_TESTS_RUNTIME_LOG_EVENTS_H_
#define MQRPC_TESTS_RUNTIME_LOG_EVENTS_H_

#include <string>
#include <string_view>

#include "mqrpc/log.h"
#include "support/events.h"

namespace mqrpc::tests {

// Lines of any thread.
class LogEvents {
 public:
  LogSink Sink() {
    return [this](LogLevel, std::string_view line) { lines_.Add(std::string(line)); };
  }
  bool WaitFor(const std::string& part) {
    return events_.WaitUntil([&] {
      for (const std::string& line : lines_.Items()) {
        if (line.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }

 private:
  Events events_;
  EventLog<std::string> lines_{events_};
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_LOG_EVENTS_H_

#ifndef MQRPC_TESTS_SIMULATION_HISTORY_H_
#define MQRPC_TESTS_SIMULATION_HISTORY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "mqrpc/event_loop.h"

namespace mqrpc::simulation {

// What happened and when, in virtual time; nothing is kept, nor formatted, unless asked for.
class History {
 public:
  History(const EventLoop& clock, bool is_kept) : clock_(clock), is_kept_(is_kept) {}

  template <class... Parts>
  void Add(const Parts&... parts) {
    if (!is_kept_) return;
    absl::Duration time = clock_.Now() - absl::UnixEpoch();
    lines_.push_back(absl::StrCat(absl::FormatDuration(time), "  ", parts...));
  }

  std::vector<std::string> Take() { return std::exchange(lines_, {}); }

 private:
  const EventLoop& clock_;
  const bool is_kept_;
  std::vector<std::string> lines_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_HISTORY_H_

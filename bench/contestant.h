#ifndef MQRPC_BENCH_CONTESTANT_H_
#define MQRPC_BENCH_CONTESTANT_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "load.h"
#include "recorder.h"

namespace mqrpc::bench {

// What stands between the client and the server of a contestant.
enum class Middle { kMosquitto, kNats, kNothing };

// Who makes the calls and who answers them: a library, used in one way.
struct Contestant {
  std::string_view name;   // on the command line and in reports
  std::string_view about;  // a line
  Middle middle = Middle::kMosquitto;

  // Calls the function, with the address at which clients find it, when calls can come; returns
  // once the standard input has ended.
  absl::Status (*serve)(const Serving& serving, OnReady on_ready);

  // Keeps calls going until the recorder wants no more. An error: the load did not come about; what
  // happens to single calls goes to the recorder.
  absl::Status (*call)(const Load& load, Recorder& recorder);

  // Whether calls can start by the clock, and handlers be slow.
  bool keeps_time = true;

  // Whether calls may stay unanswered.
  bool holds_calls = true;

  bool CanRun(const Cell& cell) const {
    if (cell.hold && !holds_calls) return false;
    if (cell.rate > 0 && !keeps_time) return false;
    return cell.socket == SocketKind::kTcp || middle != Middle::kNats;
  }
};

// All that this build has.
const std::vector<Contestant>& Contestants();

// Null if there is none of this name.
const Contestant* FindContestant(std::string_view name);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_CONTESTANT_H_

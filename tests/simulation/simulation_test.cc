#include "simulation.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "stuck_guard.h"

namespace mqrpc::simulation {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MQRPC_SLOW_BUILD
#endif
#endif

#ifdef MQRPC_SLOW_BUILD
constexpr uint64_t kSeeds = 200;
#else
constexpr uint64_t kSeeds = 2000;
#endif
constexpr size_t kCalls = 200;

TEST(SimulationTest, KeepsItsPromisesWhateverHappens) {
  std::map<absl::StatusCode, size_t> results;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    std::string replay = absl::StrCat("scripts/simulate --seed ", seed, " --calls ", kCalls);
    StuckGuard guard(absl::StrCat("it does not end\n", replay, "\n"));
    Simulation simulation(seed, kCalls, /*keeps_history=*/false);
    std::vector<std::string> violations = simulation.Run();
    ASSERT_TRUE(violations.empty()) << absl::StrJoin(violations, "\n") << "\n" << replay;
    for (const CallRecord& call : simulation.ledger().calls()) {
      if (call.completions > 0) ++results[call.result.status().code()];
    }
  }
  // Enough goes wrong to mean something, and not everything does.
  for (absl::StatusCode code :
       {absl::StatusCode::kOk,
        absl::StatusCode::kUnavailable,
        absl::StatusCode::kDeadlineExceeded,
        absl::StatusCode::kCancelled,
        absl::StatusCode::kResourceExhausted,
        absl::StatusCode::kAborted,
        absl::StatusCode::kInternal}) {
    EXPECT_GT(results[code], 50U) << absl::StatusCodeToString(code);
  }
}

std::vector<std::string> HistoryOf(uint64_t seed) {
  Simulation simulation(seed, kCalls, /*keeps_history=*/true);
  simulation.Run();
  std::vector<std::string> history = simulation.TakeHistory();
  return history;
}

TEST(SimulationTest, TheSeedDecidesItAll) {
  for (uint64_t seed = 1; seed <= kSeeds / 20; ++seed) {
    std::vector<std::string> once = HistoryOf(seed);
    std::vector<std::string> again = HistoryOf(seed);
    auto [line, other] = std::mismatch(once.begin(), once.end(), again.begin(), again.end());
    ASSERT_EQ(line == once.end(), other == again.end()) << "seed " << seed;
    ASSERT_TRUE(line == once.end()) << "seed " << seed << ": " << *line << "\nand: " << *other;
  }
}

}  // namespace
}  // namespace mqrpc::simulation

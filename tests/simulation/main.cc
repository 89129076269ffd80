// Simulates calls under faults until there were enough, or one went wrong.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "simulation.h"
#include "stuck_guard.h"

namespace mqrpc::simulation {
namespace {

// In one simulation.
constexpr size_t kMostCalls = 500;

constexpr std::chrono::seconds kProgressEvery{5};

constexpr char kUsage[] =
    R"(usage: simulate [--calls N] [--seed S] [--verbose] [--help]

Simulates calls while connections, brokers and processes fail, in virtual time, and checks that
calls are what they promise to be. Ends with 1 at the first that is not.

  --calls N    how many calls in all; 100000 unless given. They are spread over simulations of
               500, with one seed after the other
  --seed S     the first seed; a random one unless given
  --verbose    prints all that happened in the simulation that failed, or in a single one
)";

struct Arguments {
  size_t calls = 100'000;
  uint64_t seed = std::random_device()();
  bool is_verbose = false;
};

[[noreturn]] void FailUsage(std::string_view what) {
  std::cerr << "simulate: " << what << "\n" << kUsage;
  std::exit(2);
}

template <class Integer>
Integer ParseNumber(std::string_view name, std::string_view value) {
  Integer number = 0;
  if (!absl::SimpleAtoi(std::string(value), &number))
    FailUsage(std::string(name) + " needs a number");
  return number;
}

Arguments Parse(const std::vector<std::string_view>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string_view name = words[i];
    if (name == "--help") {
      std::cout << kUsage;
      std::exit(0);
    }
    if (name == "--verbose") {
      arguments.is_verbose = true;
      continue;
    }
    std::string_view value = i + 1 < words.size() ? words[++i] : "";
    if (name == "--calls") {
      arguments.calls = ParseNumber<size_t>(name, value);
    } else if (name == "--seed") {
      arguments.seed = ParseNumber<uint64_t>(name, value);
    } else {
      FailUsage("unknown argument: " + std::string(name));
    }
  }
  return arguments;
}

// What all the simulations came to.
class Progress {
 public:
  void Add(const Ledger& ledger) {
    calls_ += ledger.calls().size();
    runs_ += ledger.runs().size();
    for (const CallRecord& call : ledger.calls()) {
      if (call.completions > 0) ++results_[call.result.status().code()];
    }
    if (std::chrono::steady_clock::now() - printed_ >= kProgressEvery) Print();
  }

  void Print() {
    printed_ = std::chrono::steady_clock::now();
    std::chrono::duration<double> elapsed = printed_ - began_;
    std::fprintf(
        stderr,
        "simulate: %zu calls, %.0f a second, %zu runs;",
        calls_,
        static_cast<double>(calls_) / elapsed.count(),
        runs_);
    for (const auto& [code, count] : results_) {
      std::fprintf(stderr, " %zu %s", count, absl::StatusCodeToString(code).c_str());
    }
    std::fprintf(stderr, "\n");
  }

 private:
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point printed_ = began_;
  size_t calls_ = 0;
  size_t runs_ = 0;
  std::map<absl::StatusCode, size_t> results_;
};

std::string ReplayLine(uint64_t seed, size_t calls) {
  return "scripts/simulate --seed " + std::to_string(seed) + " --calls " + std::to_string(calls);
}

void PrintLines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::cout << line << "\n";
}

// False if it failed.
bool SimulateOne(uint64_t seed, size_t calls, const Arguments& arguments, Progress& progress) {
  StuckGuard guard("it does not end\n" + ReplayLine(seed, calls) + "\n");
  bool is_single = arguments.is_verbose && arguments.calls <= kMostCalls;
  Simulation simulation(seed, calls, is_single);
  std::vector<std::string> violations = simulation.Run();
  progress.Add(simulation.ledger());
  if (arguments.is_verbose && !violations.empty() && !is_single) {
    Simulation again(seed, calls, /*keeps_history=*/true);
    again.Run();
    PrintLines(again.TakeHistory());
  }
  if (is_single) PrintLines(simulation.TakeHistory());
  PrintLines(violations);
  if (violations.empty()) return true;
  std::cout << ReplayLine(seed, calls) << "\n";
  return false;
}

int Main(const std::vector<std::string_view>& words) {
  Arguments arguments = Parse(words);
  Progress progress;
  uint64_t seed = arguments.seed;
  for (size_t left = arguments.calls; left > 0; ++seed) {
    size_t calls = std::min(left, kMostCalls);
    if (!SimulateOne(seed, calls, arguments, progress)) return 1;
    left -= calls;
  }
  progress.Print();
  return 0;
}

}  // namespace
}  // namespace mqrpc::simulation

int main(int argc, char** argv) { return mqrpc::simulation::Main({argv + 1, argv + argc}); }

// What a call costs mqrpc itself: client, server and in-process broker. Prints allocations and
// nanoseconds per call; scripts/instructions counts its instructions.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "absl/strings/numbers.h"
#include "in_process_echo.h"

namespace {

uint64_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace {

// Makes the calls, so many at a time. Returns how many were answered.
uint64_t Run(uint64_t calls, uint64_t in_flight) {
  auto echo = mqrpc::bench::InProcessEcho::Start();
  uint64_t answered = 0;
  for (uint64_t made = 0; echo != nullptr && made < calls; made += in_flight) {
    answered += echo->Call(std::min(in_flight, calls - made));
  }
  return answered;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t calls = 0;
  uint64_t in_flight = 64;
  bool is_usable = argc >= 2 && argc <= 3 && absl::SimpleAtoi(argv[1], &calls) && calls > 0;
  if (argc == 3) is_usable = is_usable && absl::SimpleAtoi(argv[2], &in_flight) && in_flight > 0;
  if (!is_usable) {
    std::fprintf(stderr, "usage: mqrpc_cost CALLS [IN_FLIGHT]\n");
    return 2;
  }
  uint64_t before = allocations;
  auto start = std::chrono::steady_clock::now();
  uint64_t answered = Run(calls, in_flight);
  double nanoseconds =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  auto per_call = [calls](double count) { return count / static_cast<double>(calls); };
  std::printf(
      "%.1f allocations, %.0f ns per call\n",
      per_call(static_cast<double>(allocations - before)),
      per_call(nanoseconds));
  return answered == calls ? 0 : 1;
}

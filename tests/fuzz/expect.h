#ifndef MQRPC_TESTS_FUZZ_EXPECT_H_
#define MQRPC_TESTS_FUZZ_EXPECT_H_

#include <cstdio>
#include <cstdlib>

namespace mqrpc::fuzz {

// Ends the program, which is how a fuzzer learns of it, unless `holds`.
inline void Expect(
    bool holds,
    const char* what,
    const char* file = __builtin_FILE(),
    int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: it does not hold that %s\n", file, line, what);
  std::abort();
}

}  // namespace mqrpc::fuzz

#endif  // MQRPC_TESTS_FUZZ_EXPECT_H_

#ifndef MQRPC_BENCH_END_OF_INPUT_H_
#define MQRPC_BENCH_END_OF_INPUT_H_

#include <unistd.h>

namespace mqrpc::bench {

// What a server does that has threads to work for it.
inline void AwaitEndOfInput() {
  char byte;
  while (read(STDIN_FILENO, &byte, sizeof(byte)) > 0) {
  }
}

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_END_OF_INPUT_H_

#ifndef MQRPC_BENCH_PAYLOAD_H_
#define MQRPC_BENCH_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mqrpc::bench {

// A payload carries the number of its call at both ends, so that a reply to another call, or one
// that was cut or garbled, is noticed at next to no cost. Of one too short for that only the size
// is looked at.
std::string MakePayload(size_t size);

void Stamp(uint64_t call, std::string& payload);

bool IsStamped(uint64_t call, size_t size, std::string_view payload);

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_PAYLOAD_H_

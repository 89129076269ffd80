// What a call costs mqrpc itself: client, server and in-process broker in one thread, on a loop
// whose time stands still, so that nothing but our own code runs, and always the same. Prints
// allocations and nanoseconds per call; scripts/instructions counts its instructions.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

#include "absl/strings/numbers.h"
#include "echo.mqrpc.pb.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/testing/manual_loop.h"

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

namespace mqrpc::bench {
namespace {

class EchoingService final : public EchoService::Service {
  absl::StatusOr<EchoReply> Echo(ServerContext&, const EchoRequest& request) override {
    EchoReply reply;
    reply.set_payload(request.payload());
    return reply;
  }
};

// Makes the calls, so many at a time. Returns how many were answered.
uint64_t Run(uint64_t calls, uint64_t in_flight) {
  testing::ManualLoop loop;
  InProcessBroker broker(loop);
  auto device = broker.Connect("device");
  auto caller = broker.Connect("caller");
  EchoingService service;
  Server server(**device, {.workers = 0});
  if (!server.Register(service).ok() || !server.Start().ok()) return 0;
  Channel channel(**caller, {.executor = &loop});
  EchoService::Stub stub(channel);
  EchoRequest request;
  request.set_payload(std::string(64, 'x'));
  uint64_t answered = 0;
  for (uint64_t made = 0; made < calls;) {
    for (uint64_t i = 0; i < in_flight && made < calls; ++i, ++made) {
      stub.EchoAsync(request).Then(
          [&answered](absl::StatusOr<EchoReply> reply) { answered += reply.ok() ? 1 : 0; });
    }
    loop.RunUntilIdle();
  }
  return answered;
}

}  // namespace
}  // namespace mqrpc::bench

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
  uint64_t answered = mqrpc::bench::Run(calls, in_flight);
  double nanoseconds =
      std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
  auto per_call = [calls](double count) { return count / static_cast<double>(calls); };
  std::printf(
      "%.1f allocations, %.0f ns per call\n",
      per_call(static_cast<double>(allocations - before)),
      per_call(nanoseconds));
  return answered == calls ? 0 : 1;
}

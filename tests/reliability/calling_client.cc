// calling_client ADDRESS: a client that keeps fifty calls of Echo under way until it is killed.

#include <cstdio>
#include <thread>

#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "test.mqrpc.pb.h"

namespace {

using mqrpc::tests::Echo;
using mqrpc::tests::Text;

constexpr int kUnderWay = 50;

void CallAgain(Echo::Stub& echo) {
  echo.SayAsync(Text()).Then([&echo](const absl::StatusOr<Text>&) { CallAgain(echo); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: calling_client ADDRESS\n");
    return 2;
  }
  auto transport = mqrpc::ConnectMosquitto({.broker = argv[1]});
  if (!transport.ok()) {
    std::fprintf(stderr, "%s\n", transport.status().ToString().c_str());
    return 1;
  }
  mqrpc::Channel channel(**transport);
  Echo::Stub echo(channel);
  for (int i = 0; i < kUnderWay; ++i) CallAgain(echo);
  while (true) std::this_thread::sleep_for(std::chrono::hours(1));
}

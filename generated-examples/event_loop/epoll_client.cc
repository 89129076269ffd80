// Calls mqrpc.examples.calculator.v1.Calculator from an event loop of its own: coroutines, a timer,
// and all that the program does with them run on the main thread, without a lock.

#include <sys/timerfd.h>

#include <iostream>

#include "calculator.mqrpc.pb.h"
#include "command_line.h"
#include "event_loop/epoll_loop.h"
#include "mqrpc/gather.h"
#include "mqrpc/mosquitto_transport.h"

namespace mqrpc::examples::calculator::v1 {
namespace {

// One call after the other.
Task<absl::StatusOr<double>> AddUp(Calculator::Stub calculator, int last) {
  AddRequest add;
  for (int number = 1; number <= last; ++number) {
    add.set_b(number);
    absl::StatusOr<AddReply> sum = co_await calculator.AddAsync(add);
    if (!sum.ok()) co_return sum.status();
    add.set_a(sum->sum());
  }
  co_return add.a();
}

// Several at once, of which the first two count; the others are cancelled.
Task<absl::Status> Race(Calculator::Stub calculator) {
  std::vector<Call<AddReply>> calls;
  for (int delay_ms : {300, 10, 300, 20}) {
    AddSlowlyRequest slowly;
    slowly.set_delay_ms(delay_ms);
    calls.push_back(calculator.AddSlowlyAsync(slowly));
  }
  Outcomes<AddReply> outcomes = co_await Gather(std::move(calls), {.successes = 2});
  std::cout << outcomes.succeeded.size() << " of " << outcomes.results.size() << " have answered\n";
  co_return outcomes.status;
}

Task<absl::Status> Run(Calculator::Stub calculator) {
  absl::StatusOr<double> sum = co_await AddUp(calculator, 100);
  if (!sum.ok()) co_return sum.status();
  std::cout << "1 + 2 + ... + 100 = " << *sum << "\n";
  co_return co_await Race(calculator);
}

// Reads a timer that goes on while calls are under way.
int StartTicking(EpollLoop& loop, int& ticks) {
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  itimerspec every_millisecond = {.it_interval = {0, 1'000'000}, .it_value = {0, 1'000'000}};
  timerfd_settime(timer, 0, &every_millisecond, nullptr);
  loop.Watch(timer, [timer, &ticks] {
    uint64_t expirations;
    if (read(timer, &expirations, sizeof(expirations)) > 0) ++ticks;
  });
  return timer;
}

int Main(const std::string& broker) {
  EpollLoop loop;  // outlives the channel
  auto transport = ConnectMosquitto({.broker = broker});
  if (!transport.ok()) {
    std::cerr << transport.status() << "\n";
    return 1;
  }
  Channel channel(**transport, {.executor = &loop});
  int ticks = 0;
  int timer = StartTicking(loop, ticks);
  absl::Status status;
  Run(Calculator::Stub(channel)).Then([&loop, &status](absl::Status result) {
    status = std::move(result);
    loop.Stop();
  });
  loop.RunUntilStopped();
  close(timer);
  std::cout << "the timer ticked meanwhile: " << (ticks > 0 ? "yes" : "no") << "\n";
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() && ticks > 0 ? 0 : 1;
}

}  // namespace
}  // namespace mqrpc::examples::calculator::v1

int main(int argc, char** argv) {
  return mqrpc::examples::calculator::v1::Main(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Calls the calculator from coroutines in an event loop of its own, on the main thread."));
}

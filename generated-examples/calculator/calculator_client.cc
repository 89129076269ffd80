// Calls mqrpc.examples.calculator.v1.Calculator: a call, an error with details, a deadline.

#include <iostream>

#include "absl/time/clock.h"
#include "calculator.mqrpc.pb.h"
#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/status_details.h"

namespace mqrpc::examples::calculator::v1 {
namespace {

// Runs one call and prints what came of it, and how long it took.
template <class MakeCall>
auto Show(const char* what, MakeCall make_call) {
  absl::Time start = absl::Now();
  auto reply = make_call();
  absl::Duration took = absl::Now() - start;
  std::cout << what << "  ->  ";
  if (reply.ok()) {
    std::cout << reply->ShortDebugString();
  } else {
    std::cout << absl::StatusCodeToString(reply.status().code()) << ": "
              << reply.status().message();
  }
  std::cout << "  (" << absl::Trunc(took, absl::Microseconds(10)) << ")\n";
  return reply.status();
}

int Call(const std::string& broker) {
  auto transport = ConnectMosquitto({.broker = broker});
  if (!transport.ok()) {
    std::cerr << transport.status() << "\n";
    return 1;
  }
  Channel channel(**transport);
  Calculator::Stub calculator(channel);

  AddRequest add;
  add.set_a(2);
  add.set_b(3);
  absl::Status added = Show("Add(2, 3)", [&] { return calculator.Add(add); });
  if (!added.ok()) return 1;

  DivideRequest divide;
  divide.set_dividend(1);
  absl::Status divided = Show("Divide(1, 0)", [&] { return calculator.Divide(divide); });
  if (auto detail = GetDetail<DivisionByZero>(divided)) {
    std::cout << "              with a DivisionByZero: " << detail->ShortDebugString() << "\n";
  }

  AddSlowlyRequest slowly;
  slowly.set_delay_ms(2000);
  absl::Status slow = Show("AddSlowly, 2 s of work in 200 ms", [&] {
    return calculator.AddSlowly(slowly, {.timeout = absl::Milliseconds(200)});
  });
  return absl::IsDeadlineExceeded(slow) ? 0 : 1;
}

}  // namespace
}  // namespace mqrpc::examples::calculator::v1

int main(int argc, char** argv) {
  return mqrpc::examples::calculator::v1::Call(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Calls the calculator three times: it answers, it fails, it is too slow."));
}

// Serves mqrpc.examples.calculator.v1.Calculator until it is interrupted.

#include <csignal>
#include <iostream>

#include "absl/time/clock.h"
#include "calculator.mqrpc.pb.h"
#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/status_details.h"

namespace mqrpc::examples::calculator::v1 {
namespace {

class MyCalculator final : public Calculator::Service {
  absl::StatusOr<AddReply> Add(ServerContext&, const AddRequest& request) override {
    AddReply reply;
    reply.set_sum(request.a() + request.b());
    return reply;
  }

  absl::StatusOr<DivideReply> Divide(ServerContext&, const DivideRequest& request) override {
    if (request.divisor() == 0) {
      absl::Status status = absl::InvalidArgumentError("the divisor is zero");
      DivisionByZero detail;
      detail.set_dividend(request.dividend());
      AddDetail(status, detail);
      return status;
    }
    DivideReply reply;
    reply.set_quotient(request.dividend() / request.divisor());
    return reply;
  }

  absl::StatusOr<AddReply> AddSlowly(ServerContext& context, const AddSlowlyRequest& request)
      override {
    absl::Duration delay = absl::Milliseconds(request.delay_ms());
    absl::SleepFor(std::min(delay, context.TimeRemaining()));
    if (delay > context.TimeRemaining()) return absl::DeadlineExceededError("nobody waits");
    AddReply reply;
    reply.set_sum(request.a() + request.b());
    return reply;
  }
};

int Serve(const std::string& broker) {
  // Blocked before the first thread starts, so that only sigwait() takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto transport = ConnectMosquitto({.broker = broker});
  if (!transport.ok()) {
    std::cerr << transport.status() << "\n";
    return 1;
  }
  MyCalculator calculator;
  Server server(**transport);
  absl::Status status = server.Register(calculator);
  if (status.ok()) status = server.Start();
  if (!status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  std::cout << "serving " << Calculator::kServiceName << " at " << broker << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace mqrpc::examples::calculator::v1

int main(int argc, char** argv) {
  return mqrpc::examples::calculator::v1::Serve(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Serves the calculator, for calculator_client and others to call."));
}

// A call that leads to another: the second has what is left of the time of the first, and is in the
// same trace.

#include <iostream>

#include "chained.mqrpc.pb.h"
#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"

namespace mqrpc::examples::chained::v1 {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr char kTraceparent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class MyRates final : public Rates::Service {
  absl::StatusOr<RateReply> Rate(ServerContext& context, const RateRequest& request) override {
    if (request.currency() != "CHF") return absl::NotFoundError("no such currency");
    RateReply reply;
    reply.set_rate(0.95);
    reply.set_remaining_ms(absl::ToInt64Milliseconds(context.TimeRemaining()));
    const std::string* traceparent = context.headers().Find("traceparent");
    if (traceparent != nullptr) reply.set_traceparent(*traceparent);
    return reply;
  }
};

// A coroutine, so that no worker waits for Rates.
class MyPrices final : public Prices::CoService {
 public:
  explicit MyPrices(Channel& channel) : rates_(channel) {}

 private:
  Task<absl::StatusOr<ConvertReply>> Convert(ServerContext& context, ConvertRequest request)
      override {
    RateRequest ask;
    ask.set_currency(request.currency());
    absl::StatusOr<RateReply> rate = co_await rates_.RateAsync(ask, CallOptions::From(context));
    if (!rate.ok()) co_return rate.status();
    ConvertReply reply;
    reply.set_price(request.euros() * rate->rate());
    reply.set_inherits_deadline(absl::Milliseconds(rate->remaining_ms()) <= kTimeout);
    reply.set_inherits_trace(rate->traceparent() == kTraceparent);
    co_return reply;
  }

  Rates::Stub rates_;
};

void Convert(Channel& channel, double euros, const std::string& currency) {
  Prices::Stub prices(channel);
  ConvertRequest request;
  request.set_euros(euros);
  request.set_currency(currency);
  absl::StatusOr<ConvertReply> reply =
      prices.Convert(request, {.timeout = kTimeout, .headers = {{"traceparent", kTraceparent}}});
  if (!reply.ok()) {
    std::cout << reply.status() << "\n";
    return;
  }
  std::cout << euros << " euros are " << reply->price() << " " << currency << "\n"
            << "inherits the deadline: " << (reply->inherits_deadline() ? "yes" : "no") << "\n"
            << "inherits the trace: " << (reply->inherits_trace() ? "yes" : "no") << "\n";
}

absl::Status Run(const std::string& broker) {
  auto server_connection = ConnectMosquitto({.broker = broker});
  if (!server_connection.ok()) return server_connection.status();
  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();

  Channel channel(**connection);
  MyRates rates;
  MyPrices prices(channel);
  Server server(**server_connection);
  if (absl::Status status = server.Register(rates); !status.ok()) return status;
  if (absl::Status status = server.Register(prices); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  Convert(channel, 100, "CHF");
  Convert(channel, 100, "XXX");
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::chained::v1

int main(int argc, char** argv) {
  absl::Status status = mqrpc::examples::chained::v1::Run(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Serves prices, and rates that the prices ask for, and asks for two prices."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

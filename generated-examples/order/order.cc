// A saga: an order is reserved and paid for, in two services; when it cannot be paid for, what was
// reserved is released.

#include <iostream>
#include <map>
#include <mutex>

#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/saga.h"
#include "mqrpc/server.h"
#include "order.mqrpc.pb.h"

namespace mqrpc::examples::order::v1 {
namespace {

class MyStock final : public Stock::Service {
  absl::StatusOr<ReserveReply> Reserve(ServerContext& context, const ReserveRequest& request)
      override {
    const std::string* order = context.headers().Find("saga-id");
    if (order == nullptr) return absl::InvalidArgumentError("which order is it for?");
    std::lock_guard<std::mutex> lock(mutex_);
    if (reserved_.count(*order) > 0) return absl::AlreadyExistsError("this order was here before");
    if (request.count() > left_) return absl::FailedPreconditionError("there are not so many");
    reserved_[*order] = request.count();
    left_ -= request.count();
    return ReserveReply();
  }

  // The order stays known: should its Reserve come only now, it is refused.
  absl::StatusOr<ReleaseReply> Release(ServerContext& context, const ReleaseRequest&) override {
    const std::string* order = context.headers().Find("saga-id");
    if (order == nullptr) return absl::InvalidArgumentError("which order is it for?");
    std::lock_guard<std::mutex> lock(mutex_);
    left_ += std::exchange(reserved_[*order], 0);
    return ReleaseReply();
  }

  std::mutex mutex_;
  int left_ = 10;
  std::map<std::string, int> reserved_;
};

class MyBank final : public Bank::Service {
  absl::StatusOr<PayReply> Pay(ServerContext&, const PayRequest& request) override {
    if (request.euros() > 100) return absl::FailedPreconditionError("the card is declined");
    return PayReply();
  }
};

void Order(Channel& channel, const std::string& id, int count) {
  Stock::Stub stock(channel);
  Bank::Stub bank(channel);
  ReserveRequest reservation;
  reservation.set_count(count);
  PayRequest payment;
  payment.set_euros(30 * count);

  mqrpc::Saga saga({.id = id});
  saga.Step(
      "reserve",
      [&](const CallOptions& options) { return stock.Reserve(reservation, options).status(); },
      [&](const CallOptions& options) { return stock.Release({}, options).status(); });
  saga.Step("pay", [&](const CallOptions& options) { return bank.Pay(payment, options).status(); });
  absl::Status status = saga.Run();

  for (const SagaEvent& event : saga.log()) std::cout << event.ToString() << "\n";
  std::cout << status << "\n";
}

absl::Status Run(const std::string& broker) {
  auto server_connection = ConnectMosquitto({.broker = broker});
  if (!server_connection.ok()) return server_connection.status();
  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();

  MyStock stock;
  MyBank bank;
  Server server(**server_connection);
  if (absl::Status status = server.Register(stock); !status.ok()) return status;
  if (absl::Status status = server.Register(bank); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  Channel channel(**connection);
  Order(channel, "order-4711", 8);
  Order(channel, "order-4712", 3);
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::order::v1

int main(int argc, char** argv) {
  absl::Status status = mqrpc::examples::order::v1::Run(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Serves a stock and a bank, and makes two orders, one of which cannot be paid for."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

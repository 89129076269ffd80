// A command to one device, and its acknowledgement: a gateway answers to the names of its valves.

#include <iostream>
#include <map>
#include <mutex>

#include "command_line.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "valve.mqrpc.pb.h"

namespace mqrpc::examples::valve::v1 {
namespace {

class Gateway final : public Valve::Service {
  absl::StatusOr<TurnReply> Turn(ServerContext& context, const TurnRequest& request) override {
    if (context.instance().empty()) return absl::InvalidArgumentError("which valve?");
    if (request.degrees() > 90) return absl::OutOfRangeError("it stops at 90 degrees");
    std::lock_guard<std::mutex> lock(mutex_);
    TurnReply reply;
    int& degrees = degrees_[std::string(context.instance())];
    reply.set_previous_degrees(std::exchange(degrees, request.degrees()));
    return reply;
  }

  std::mutex mutex_;
  std::map<std::string, int> degrees_;
};

void Turn(Channel& channel, const std::string& name, int degrees) {
  Valve::Stub valve(channel);
  TurnRequest request;
  request.set_degrees(degrees);
  absl::StatusOr<TurnReply> reply = valve.Turn(
      request,
      {.timeout = absl::Seconds(10), .retry = RetryPolicy{.max_attempts = 3}, .instance = name});

  std::cout << name << " to " << degrees << ": ";
  if (reply.ok()) {
    std::cout << "done, it was at " << reply->previous_degrees() << "\n";
  } else {
    std::cout << absl::StatusCodeToString(reply.status().code()) << "\n";
  }
}

absl::Status Run(const std::string& broker) {
  auto server_connection = ConnectMosquitto({.broker = broker});
  if (!server_connection.ok()) return server_connection.status();
  auto connection = ConnectMosquitto({.broker = broker});
  if (!connection.ok()) return connection.status();

  Gateway gateway;
  Server server(**server_connection, {.instances = {"boiler-7", "boiler-8"}});
  if (absl::Status status = server.Register(gateway); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  Channel channel(**connection);
  Turn(channel, "boiler-7", 30);
  Turn(channel, "boiler-7", 45);
  Turn(channel, "boiler-8", 45);
  Turn(channel, "boiler-8", 120);
  Turn(channel, "boiler-9", 45);
  return absl::OkStatus();
}

}  // namespace
}  // namespace mqrpc::examples::valve::v1

int main(int argc, char** argv) {
  absl::Status status = mqrpc::examples::valve::v1::Run(mqrpc::examples::BrokerFromCommandLine(
      argc,
      argv,
      "Serves two valves, and turns them, and one that is not there, by their names."));
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}

#include <iostream>

#include "mqrpc/mosquitto_transport.h"
#include "thermostat.mqrpc.pb.h"

int main() {
  auto transport = mqrpc::ConnectMosquitto({.broker = "mqtt://localhost:1883"});
  if (!transport.ok()) {
    std::cerr << transport.status() << "\n";
    return 1;
  }
  mqrpc::Channel channel(**transport);
  acme::Thermostat::Stub thermostat(channel);

  acme::SetTargetRequest request;
  request.set_celsius(21);
  absl::StatusOr<acme::SetTargetReply> reply = thermostat.SetTarget(request);
  if (!reply.ok()) {
    std::cerr << reply.status() << "\n";
    return 1;
  }
  std::cout << "it was " << reply->previous_celsius() << "\n";
}

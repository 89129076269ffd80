// Serves acme.Thermostat and calls it, through an in-process broker and through a real one. Exits
// with 0 if the calls end as they should.

#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "acme/thermostat.mqrpc.pb.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/testing/local_broker.h"

namespace {

class Thermostat final : public acme::Thermostat::Service {
 public:
  absl::StatusOr<acme::SetTargetReply> SetTarget(
      mqrpc::ServerContext&,
      const acme::SetTargetRequest& request) override {
    if (request.mode() == acme::MODE_UNSPECIFIED) return absl::InvalidArgumentError("no mode");
    acme::SetTargetReply reply;
    *reply.mutable_target() = request.target();
    return reply;
  }
};

absl::Status ServeAndCall(mqrpc::Transport& transport) {
  Thermostat service;
  if (service.mqrpc_descriptor().methods.at(0).method.idempotency !=
      mqrpc::Idempotency::kIdempotent) {
    return absl::InternalError("the option idempotency_level is lost");
  }
  mqrpc::Server server(transport);
  if (absl::Status status = server.Register(service); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;

  mqrpc::Channel channel(transport, {.timeout = absl::Seconds(10)});
  acme::Thermostat::Stub thermostat(channel);
  acme::SetTargetRequest request;
  request.mutable_target()->set_celsius(21.5);
  request.set_mode(acme::MODE_HEAT);
  absl::StatusOr<acme::SetTargetReply> reply = thermostat.SetTarget(request);
  if (!reply.ok()) return reply.status();
  if (reply->target().celsius() != 21.5) return absl::InternalError(reply->ShortDebugString());

  request.clear_mode();
  reply = thermostat.SetTarget(request, {.timeout = absl::Seconds(5)});
  if (!absl::IsInvalidArgument(reply.status())) {
    return absl::InternalError("an invalid request was answered " + reply.status().ToString());
  }
  return absl::OkStatus();
}

absl::Status InProcess() {
  mqrpc::InProcessBroker broker;
  auto transport = broker.Connect("outside");
  if (!transport.ok()) return transport.status();
  return ServeAndCall(**transport);
}

absl::Status ThroughMosquitto() {
  auto broker = mqrpc::testing::LocalBroker::Start();
  if (!broker.ok()) return broker.status();
  auto transport = mqrpc::ConnectMosquitto({.broker = (*broker)->address()});
  if (!transport.ok()) return transport.status();
  return ServeAndCall(**transport);
}

}  // namespace

int main() {
  const absl::Status in_process = InProcess();
  const absl::Status through_mosquitto = ThroughMosquitto();
  std::cout << "in process: " << in_process << "\nthrough mosquitto: " << through_mosquitto << "\n";
  return in_process.ok() && through_mosquitto.ok() ? 0 : 1;
}

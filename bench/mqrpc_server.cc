#include "mqrpc_server.h"

#include "echo.mqrpc.pb.h"
#include "end_of_input.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"

namespace mqrpc::bench {
namespace {

class Echoes final : public EchoService::Service {
 public:
  absl::StatusOr<EchoReply> Echo(ServerContext&, const EchoRequest& request) override {
    EchoReply reply;
    reply.set_payload(request.payload());
    return reply;
  }
};

}  // namespace

absl::Status RunMqrpcServer(const Serving& serving, OnReady on_ready) {
  auto transport = ConnectMosquitto({.broker = serving.address});
  if (!transport.ok()) return transport.status();
  Echoes echoes;
  Server server(**transport, {.workers = serving.workers});
  if (absl::Status status = server.Register(echoes); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;
  on_ready(serving.address);
  AwaitEndOfInput();
  return absl::OkStatus();
}

}  // namespace mqrpc::bench

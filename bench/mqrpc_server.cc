#include "mqrpc_server.h"

#include <unistd.h>

#include "echo.mqrpc.pb.h"
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

void AwaitEndOfInput() {
  char byte;
  while (read(STDIN_FILENO, &byte, sizeof(byte)) > 0) {
  }
}

}  // namespace

absl::Status RunMqrpcServer(const Serving& serving, absl::AnyInvocable<void()> on_ready) {
  auto transport = ConnectMosquitto({.broker = serving.broker});
  if (!transport.ok()) return transport.status();
  Echoes echoes;
  Server server(**transport, {.workers = serving.workers});
  if (absl::Status status = server.Register(echoes); !status.ok()) return status;
  if (absl::Status status = server.Start(); !status.ok()) return status;
  on_ready();
  AwaitEndOfInput();
  return absl::OkStatus();
}

}  // namespace mqrpc::bench

#include "mqrpc_server.h"

#include <chrono>
#include <future>

#include "echo.mqrpc.pb.h"
#include "end_of_input.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"

namespace mqrpc::bench {
namespace {

class Echoes final : public EchoService::Service {
 public:
  // Handlers that are kept by a delay are let go at the end.
  void End() { end_.set_value(); }

  absl::StatusOr<EchoReply> Echo(ServerContext&, const EchoRequest& request) override {
    if (request.delay_millis() > 0) {
      ended_.wait_for(std::chrono::milliseconds(request.delay_millis()));
    }
    EchoReply reply;
    reply.set_payload(request.payload());
    return reply;
  }

 private:
  std::promise<void> end_;
  const std::shared_future<void> ended_ = end_.get_future().share();
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
  echoes.End();
  return absl::OkStatus();
}

}  // namespace mqrpc::bench

#include "grpc_server.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "echo.grpc.pb.h"
#include "end_of_input.h"

namespace mqrpc::bench {
namespace {

// Answers after a while, and holds no thread for that.
class DelayedReply final : public grpc::ServerUnaryReactor {
 public:
  explicit DelayedReply(std::chrono::milliseconds delay) {
    alarm_.Set(std::chrono::system_clock::now() + delay, [this](bool) {
      Finish(grpc::Status::OK);
    });
  }

 private:
  void OnCancel() override { alarm_.Cancel(); }
  void OnDone() override { delete this; }

  grpc::Alarm alarm_;
};

class Echoes final : public with_grpc::EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(
      grpc::CallbackServerContext* context,
      const EchoRequest* request,
      EchoReply* reply) override {
    reply->set_payload(request->payload());
    if (request->delay_millis() > 0) {
      return new DelayedReply(std::chrono::milliseconds(request->delay_millis()));
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

absl::Status RunGrpcServer(const Serving& serving, OnReady on_ready) {
  bool is_tcp = serving.cell.socket == SocketKind::kTcp;
  std::string address = is_tcp ? "127.0.0.1:0" : absl::StrCat("unix-abstract:bench-", getpid());
  Echoes echoes;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echoes);
  builder.SetMaxReceiveMessageSize(-1);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("the gRPC server does not start");
  on_ready(is_tcp ? absl::StrCat("127.0.0.1:", port) : address);
  AwaitEndOfInput();
  server->Shutdown();
  return absl::OkStatus();
}

}  // namespace mqrpc::bench

#include "grpc_server.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "echo.grpc.pb.h"
#include "end_of_input.h"

namespace mqrpc::bench {
namespace {

class Echoes final : public with_grpc::EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(
      grpc::CallbackServerContext* context,
      const EchoRequest* request,
      EchoReply* reply) override {
    reply->set_payload(request->payload());
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

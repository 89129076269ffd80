#include "in_process_echo.h"

#include <string>
#include <string_view>
#include <utility>

namespace mqrpc::bench {

absl::StatusOr<EchoReply> InProcessEcho::Echoes::Echo(ServerContext&, const EchoRequest& request) {
  EchoReply reply;
  reply.set_payload(request.payload());
  return reply;
}

std::unique_ptr<InProcessEcho> InProcessEcho::Start() {
  std::unique_ptr<InProcessEcho> echo(new InProcessEcho());
  auto device = echo->broker_.Connect("device");
  auto caller = echo->broker_.Connect("caller");
  if (!device.ok() || !caller.ok()) return nullptr;
  echo->device_ = *std::move(device);
  echo->caller_ = *std::move(caller);
  // Without a clock no reply is ever old enough to be forgotten, which the server would warn of.
  auto quiet = [](LogLevel, std::string_view) {};
  echo->server_ =
      std::make_unique<Server>(*echo->device_, ServerOptions{.workers = 0, .log = quiet});
  if (!echo->server_->Register(echo->echoes_).ok() || !echo->server_->Start().ok()) return nullptr;
  echo->channel_ =
      std::make_unique<Channel>(*echo->caller_, ChannelOptions{.executor = &echo->loop_});
  echo->request_.set_payload(std::string(64, 'x'));
  return echo;
}

uint64_t InProcessEcho::Call(uint64_t calls) {
  EchoService::Stub stub(*channel_);
  uint64_t answered = 0;
  for (uint64_t i = 0; i < calls; ++i) {
    stub.EchoAsync(request_).Then(
        [&answered](absl::StatusOr<EchoReply> reply) { answered += reply.ok() ? 1 : 0; });
  }
  loop_.RunUntilIdle();
  return answered;
}

}  // namespace mqrpc::bench

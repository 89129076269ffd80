#include "floor_server.h"

#include <unistd.h>

#include <memory>
#include <utility>

#include "floor_connection.h"
#include "floor_wire.h"

namespace mqrpc::bench {
namespace {

class FloorServer {
 public:
  explicit FloorServer(const Serving& serving) : serving_(serving) {
    reply_.expiry_seconds = static_cast<uint32_t>(absl::ToInt64Seconds(kCallTimeout));
  }

  absl::Status Run(OnReady on_ready);

 private:
  void OnRequest(const mosquitto_message& message, const mosquitto_property* properties);

  const Serving& serving_;
  std::unique_ptr<FloorConnection> connection_;
  FloorMessage reply_;
};

void FloorServer::OnRequest(
    const mosquitto_message& message,
    const mosquitto_property* properties) {
  ReadResponseTopic(properties, reply_.topic);
  if (reply_.topic.empty()) return;
  ReadCorrelation(properties, reply_.correlation);
  reply_.payload.assign(
      static_cast<const char*>(message.payload),
      static_cast<size_t>(message.payloadlen));
  connection_->Publish(reply_);
}

absl::Status FloorServer::Run(OnReady on_ready) {
  auto connection = FloorConnection::Connect(
      {.broker = serving_.address,
       .client_id = FloorClientId(),
       .qos = serving_.cell.qos,
       .window = serving_.floor_window},
      [this](const mosquitto_message& message, const mosquitto_property* properties) {
        OnRequest(message, properties);
      });
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  if (absl::Status s = connection_->Subscribe(kFloorRequestFilter); !s.ok()) return s;
  on_ready(serving_.address);
  while (true) {
    absl::StatusOr<bool> ended = connection_->Turn(absl::Seconds(1), STDIN_FILENO);
    if (!ended.ok()) return ended.status();
    if (*ended) return absl::OkStatus();
  }
}

}  // namespace

absl::Status RunFloorServer(const Serving& serving, OnReady on_ready) {
  return FloorServer(serving).Run(std::move(on_ready));
}

}  // namespace mqrpc::bench

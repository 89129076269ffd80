#include "nats_server.h"

#include "end_of_input.h"
#include "nats_connection.h"

namespace mqrpc::bench {
namespace {

void Echo(natsConnection* connection, natsSubscription*, natsMsg* request, void*) {
  NatsMessage owned(request);
  natsConnection_Publish(
      connection,
      natsMsg_GetReply(request),
      natsMsg_GetData(request),
      natsMsg_GetDataLength(request));
}

}  // namespace

absl::Status RunNatsServer(const Serving& serving, OnReady on_ready) {
  absl::StatusOr<NatsConnection> connection = ConnectNats(
      serving.address,
      serving.cell.connections * serving.cell.in_flight <= kMostAtOnce);
  if (!connection.ok()) return connection.status();
  natsSubscription* made = nullptr;
  natsStatus status =
      natsConnection_QueueSubscribe(&made, connection->get(), kNatsSubject, "mqrpc", Echo, nullptr);
  NatsSubscription subscription(made);
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(made, kNatsPending, -1);
  if (status == NATS_OK) status = natsConnection_Flush(connection->get());
  if (status != NATS_OK) return NatsError("subscribing", status);
  on_ready(serving.address);
  AwaitEndOfInput();
  return absl::OkStatus();
}

}  // namespace mqrpc::bench

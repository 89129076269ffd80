#include "nats_server.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "end_of_input.h"
#include "nats_connection.h"

namespace mqrpc::bench {
namespace {

void Echo(natsConnection* connection, natsSubscription*, natsMsg* request, void*) {
  NatsMessage owned(request);
  const char* delay = nullptr;
  if (natsMsgHeader_Get(request, kNatsDelayMillis, &delay) == NATS_OK) nats_Sleep(atoi(delay));
  natsConnection_Publish(
      connection,
      natsMsg_GetReply(request),
      natsMsg_GetData(request),
      natsMsg_GetDataLength(request));
}

absl::StatusOr<NatsSubscription> Subscribe(natsConnection* connection) {
  natsSubscription* made = nullptr;
  natsStatus status =
      natsConnection_QueueSubscribe(&made, connection, kNatsSubject, "mqrpc", Echo, nullptr);
  NatsSubscription subscription(made);
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(made, kNatsPending, -1);
  if (status != NATS_OK) return NatsError("subscribing", status);
  return subscription;
}

}  // namespace

absl::Status RunNatsServer(const Serving& serving, OnReady on_ready) {
  absl::StatusOr<NatsConnection> connection = ConnectNats(
      serving.address,
      serving.cell.connections * serving.cell.in_flight <= kMostAtOnce);
  if (!connection.ok()) return connection.status();
  // Each has a thread: where handlers are slow, as many as mqrpc has workers.
  size_t count = serving.cell.rate > 0 ? std::max<size_t>(serving.workers, 1) : 1;
  std::vector<NatsSubscription> subscriptions;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<NatsSubscription> subscription = Subscribe(connection->get());
    if (!subscription.ok()) return subscription.status();
    subscriptions.push_back(*std::move(subscription));
  }
  natsStatus status = natsConnection_Flush(connection->get());
  if (status != NATS_OK) return NatsError("subscribing", status);
  on_ready(serving.address);
  AwaitEndOfInput();
  return absl::OkStatus();
}

}  // namespace mqrpc::bench

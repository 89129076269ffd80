#include "mqrpc/server.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "request_field.h"
#include "server_core.h"
#include "text.h"

namespace mqrpc {

absl::Status UnimplementedMethod(ServerContext& context) {
  if (context.is_broadcast()) return context.Decline();
  return absl::UnimplementedError(
      absl::StrCat(internal::View(context.method()), " is declared, but not implemented here"));
}

bool internal::ReadRequest(ServerCall& call, google::protobuf::MessageLite& request) {
  absl::Status status = ParseInto(call.Read().value_or(""), request, call.encoding());
  if (status.ok()) status = CheckTopicFields(call.context().topic_tokens(), request);
  if (!status.ok()) call.Finish(status);
  return status.ok();
}

Server::Server(Transport& transport, ServerOptions options)
    : core_(std::make_shared<internal::ServerCore>(transport, std::move(options))) {}

Server::~Server() { Shutdown(); }

absl::Status Server::Register(Service& service) { return core_->Register(service); }

absl::Status Server::Start(absl::Duration limit) { return core_->Start(limit); }

void Server::Shutdown(absl::Duration grace) { core_->Shutdown(grace); }

ServerStats Server::stats() const { return core_->stats(); }

}  // namespace mqrpc

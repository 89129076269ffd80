#ifndef MQRPC_RESPONDER_H_
#define MQRPC_RESPONDER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/serialize.h"
#include "mqrpc/server_call.h"

namespace mqrpc {

// The answer to a call that is still to be given, at once or later, from any thread. What a handler
// of an AsyncService gets:
//
//   void Add(AddRequest request, mqrpc::Responder<AddReply> responder) override {
//     queue_.Push([this, request, responder = std::move(responder)]() mutable {
//       responder.Finish(Sum(request));
//     });
//   }
//
// Dropping one that has not finished answers INTERNAL: no caller is left hanging. It may outlive
// its server, which drops the answer then; once the connection has gone too, the context is not to
// be asked any more. One thread at a time.
template <class Reply>
class [[nodiscard]] Responder {
 public:
  // Not of users.
  explicit Responder(std::unique_ptr<ServerCall> call) : call_(std::move(call)) {}

  // Until Finish.
  ServerContext& context() { return call_->context(); }

  // Sends the reply, or the status with its details. The first time counts.
  void Finish(absl::StatusOr<Reply> reply) {
    std::unique_ptr<ServerCall> call = std::move(call_);
    if (call == nullptr) return;
    if (!reply.ok()) return call->Finish(std::move(reply).status());
    absl::StatusOr<std::string> bytes = Serialize(*reply, call->encoding());
    if (!bytes.ok()) return call->Finish(absl::InternalError(bytes.status().message()));
    call->Write(*std::move(bytes));
    call->Finish(absl::OkStatus());
  }

 private:
  std::unique_ptr<ServerCall> call_;
};

}  // namespace mqrpc

#endif  // MQRPC_RESPONDER_H_

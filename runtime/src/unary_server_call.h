#ifndef MQRPC_UNARY_SERVER_CALL_H_
#define MQRPC_UNARY_SERVER_CALL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/service.h"
#include "wire.h"

namespace mqrpc::internal {

class ServerCore;

// One request on its way through a handler. Without a reply address (fire and forget) the answer
// goes nowhere.
class UnaryServerCall final : public ServerCall {
 public:
  UnaryServerCall(
      std::shared_ptr<ServerCore> core,
      std::string method,
      std::optional<wire::ReplyAddress> reply_to,
      wire::RequestFrame frame);
  ~UnaryServerCall() override;

  ServerContext& context() override { return context_; }
  std::optional<std::string> Read() override;
  void Write(std::string frame) override { reply_ = std::move(frame); }
  void Finish(absl::Status status) override;

  // Ends it without any answer: nobody waits for one.
  void Abandon() { finished_ = true; }

 private:
  const std::shared_ptr<ServerCore> core_;
  const absl::Time deadline_;
  ServerContext context_;
  std::optional<wire::ReplyAddress> reply_to_;
  std::optional<std::string> request_;
  std::string reply_;
  bool finished_ = false;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_UNARY_SERVER_CALL_H_

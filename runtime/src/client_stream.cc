#include "mqrpc/client_stream.h"

#include "call_state.h"

namespace mqrpc::internal {

ByteCall StreamingCall::TakeCall(const absl::Status& error) {
  if (!error.ok()) {
    call_.Cancel();
    return {std::make_shared<CallState>(CallState::Result(error)), call_.encoding()};
  }
  stream_->WritesDone();
  stream_->DropReplies();
  return std::move(call_);
}

}  // namespace mqrpc::internal

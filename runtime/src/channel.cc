#include "mqrpc/channel.h"

#include <utility>

#include "channel_core.h"

namespace mqrpc {

Channel::Channel(Transport& transport, ChannelOptions options)
    : core_(std::make_shared<internal::ChannelCore>(transport, std::move(options))) {
  if (core_->status().ok()) core_->Open();
}

Channel::~Channel() { core_->Close(); }

void Channel::Shutdown(absl::Duration grace) { core_->Shutdown(grace); }

const absl::Status& Channel::status() const { return core_->status(); }

ChannelStats Channel::stats() const { return core_->stats(); }

internal::ByteCall Channel::StartBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  return internal::ByteCall(core_->Start({method, options, Serialize(request)}));
}

absl::StatusOr<std::string> Channel::WaitForBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  return core_->StartAndWait({method, options, Serialize(request)});
}

Call<void> Channel::Notify(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  return Call<void>(internal::ByteCall(
      core_->Start({method, options, Serialize(request), internal::Until::kAccepted})));
}

}  // namespace mqrpc

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

Encoding Channel::EncodingOf(const CallOptions& options) const {
  return options.encoding.value_or(core_->encoding());
}

internal::ByteCall Channel::StartBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  Encoding encoding = EncodingOf(options);
  return {core_->Start({method, options, Serialize(request, encoding), encoding}), encoding};
}

absl::StatusOr<std::string> Channel::WaitForBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  Encoding encoding = EncodingOf(options);
  return core_->StartAndWait({method, options, Serialize(request, encoding), encoding});
}

Call<void> Channel::Notify(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  Encoding encoding = EncodingOf(options);
  auto state = core_->Start(
      {method, options, Serialize(request, encoding), encoding, internal::Until::kAccepted});
  return Call<void>(internal::ByteCall(std::move(state), encoding));
}

}  // namespace mqrpc

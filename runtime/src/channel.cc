#include "mqrpc/channel.h"

#include <utility>

#include "call_stream.h"
#include "call_topic.h"
#include "channel_core.h"
#include "google/protobuf/empty.pb.h"

namespace mqrpc {
namespace {

// Of a query that does not say, of a method that does not either.
constexpr absl::Duration kQueryWindow = absl::Seconds(1);

// In bytes, and with the topic that it goes to.
internal::NewCall MakeCall(
    const internal::ChannelCore& core,
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  Encoding encoding = options.encoding.value_or(core.options().encoding);
  internal::NewCall call = {method, options, Serialize(request, encoding), encoding};
  bool has_own = !method.topic.empty() || method.responders == Responders::kMany;
  if (!has_own || !options.instance.empty()) return call;
  absl::StatusOr<std::string> topic = internal::TopicOf(method, core.options(), options, request);
  if (topic.ok()) {
    call.topic = *std::move(topic);
  } else {
    call.request = std::move(topic).status();
  }
  return call;
}

}  // namespace

Channel::Channel(Transport& transport, ChannelOptions options)
    : core_(std::make_shared<internal::ChannelCore>(transport, std::move(options))) {
  if (core_->status().ok()) core_->Open();
}

Channel::~Channel() { core_->Close(); }

void Channel::Shutdown(absl::Duration grace) { core_->Shutdown(grace); }

const absl::Status& Channel::status() const { return core_->status(); }

ChannelStats Channel::stats() const { return core_->stats(); }

Encoding Channel::EncodingOf(const CallOptions& options) const {
  return options.encoding.value_or(core_->options().encoding);
}

internal::ByteCall Channel::StartBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  return {core_->Start(MakeCall(*core_, method, request, options)), EncodingOf(options)};
}

std::pair<internal::ByteCall, std::shared_ptr<internal::AnswerQueue>> Channel::AskBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const QueryOptions& options) {
  CallOptions call_options = options.call;
  std::optional<absl::Duration> window = options.window;
  if (!window.has_value()) window = call_options.timeout;
  if (!window.has_value()) window = method.options.timeout;
  call_options.timeout = window.value_or(kQueryWindow);
  internal::NewCall call = MakeCall(*core_, method, request, call_options);
  if (options.max_answers == 0) {
    call.request = absl::InvalidArgumentError("QueryOptions::max_answers is 0; at least 1");
  }
  auto answers = core_->MakeQuery(options);
  call.query = answers;
  internal::ByteCall handle(core_->Start(std::move(call)), EncodingOf(call_options));
  return {std::move(handle), std::move(answers)};
}

std::pair<internal::ByteCall, std::shared_ptr<internal::ByteStream>> Channel::StreamBytes(
    const Method& method,
    const google::protobuf::MessageLite* request,
    const CallOptions& options) {
  google::protobuf::Empty none;
  internal::NewCall call = MakeCall(*core_, method, request != nullptr ? *request : none, options);
  if (request == nullptr && call.request.ok()) call.request = "";
  auto stream = core_->MakeStream(method);
  call.stream = stream;
  internal::ByteCall handle(core_->Start(std::move(call)), EncodingOf(options));
  return {std::move(handle), std::move(stream)};
}

absl::StatusOr<std::string> Channel::WaitForBytes(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  return core_->StartAndWait(MakeCall(*core_, method, request, options));
}

Call<void> Channel::Notify(
    const Method& method,
    const google::protobuf::MessageLite& request,
    const CallOptions& options) {
  internal::NewCall call = MakeCall(*core_, method, request, options);
  call.until = internal::Until::kAccepted;
  return Call<void>(internal::ByteCall(core_->Start(std::move(call)), EncodingOf(options)));
}

}  // namespace mqrpc

#include "call_stream.h"

#include <utility>

#include "channel_core.h"

namespace mqrpc::internal {

CallStream::CallStream(
    const std::shared_ptr<ChannelCore>& core,
    Transport& transport,
    const std::shared_ptr<Executor>& executor,
    const StreamEnd::Options& options,
    bool writes)
    : writes_(writes),
      end_(
          transport,
          executor,
          options,
          {.post = [core](EventLoop::Task task) { core->PostIfOpen(std::move(task)); },
           .on_lost = [this, core](const absl::Status& why) { core->EndStream(id_, why); }}) {}

void CallStream::OnPart(absl::StatusOr<wire::StreamPart> part, wire::StreamAddress own) {
  if (part.ok() && part->response_topic.has_value()) {
    if (!server_topic_.has_value()) {
      server_topic_ = part->response_topic;
      own.topic = *server_topic_;
      end_.Open(std::move(own), part->credit.value_or(wire::Credit()));
    }
    // The opening may have been delivered to a second server: nobody reads what that one says.
    if (part->response_topic != server_topic_) return;
  }
  if (part.ok() && !part->headers.empty()) {
    MutexLock lock(mutex_);
    headers_ = part->headers;
  }
  end_.OnPart(std::move(part));
}

void CallStream::WritesDone() {
  if (writes_) end_.out()->WritesDone();
}

Metadata CallStream::headers() {
  MutexLock lock(mutex_);
  return headers_;
}

}  // namespace mqrpc::internal

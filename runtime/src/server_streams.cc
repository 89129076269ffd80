#include "server_streams.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stream_wire.h"

namespace mqrpc::internal {

ServerStreams::ServerStreams(Transport& transport, const ServerOptions& options)
    : transport_(transport), options_(options) {}

void ServerStreams::Open(std::string topic, std::shared_ptr<Executor> executor, Owner owner) {
  topic_ = std::move(topic);
  executor_ = std::move(executor);
  owner_ = std::move(owner);
  subscription_ = transport_.Subscribe(
      {.filter = topic_,
       .on_message = [this](Message message) { OnMessage(std::move(message)); },
       .on_state = [this](const absl::Status& state) { OnState(state); }});
}

absl::StatusOr<std::shared_ptr<StreamEnd>> ServerStreams::Add(const Opening& opening) {
  if (!status_.ok()) return absl::Status(status_.code(), status_.message());
  if (!opening.to.correlation.has_value()) {
    return absl::InvalidArgumentError("a stream needs a Response Topic and Correlation Data");
  }
  if (streams_.size() >= options_.max_streams) {
    return absl::ResourceExhaustedError(
        absl::StrCat("ServerOptions::max_streams (", options_.max_streams, ") are open already"));
  }
  Name name = NameOf(opening.to);
  if (streams_.contains(name)) return absl::AlreadyExistsError("the stream is open already");
  StreamEnd::Options options = {
      .reads =
          {.window = {.frames = options_.max_unread_messages, .bytes = options_.max_unread_bytes},
           .max_message_size = opening.max_message_size},
      .writes = {
          .deadline = opening.deadline,
          .max_message_size = opening.max_message_size,
          .max_queued = options_.max_unread_messages}};
  auto on_lost = [this, to = opening.to](const absl::Status& why) { Lose(to, why); };
  auto end = std::make_shared<StreamEnd>(
      transport_,
      executor_,
      options,
      OutgoingStream::Owner{.post = owner_.post, .on_lost = std::move(on_lost)});
  end->Open(
      {.topic = opening.to.topic.text(),
       .response_topic = topic_,
       .correlation = opening.to.correlation,
       .content_type = opening.to.content_type,
       .qos = opening.to.qos},
      opening.credit);
  end->out()->Say(end->in()->credit());
  streams_[std::move(name)].end = end;
  SetDeadline(opening.to, opening.deadline);
  ++count_;
  if (beat_ == 0) ArmBeat();
  return end;
}

void ServerStreams::SetDeadline(const wire::ReplyAddress& to, absl::Time deadline) {
  auto found = streams_.find(NameOf(to));
  if (found == streams_.end() || deadline == absl::InfiniteFuture()) return;
  transport_.loop().CancelTimer(found->second.deadline);
  found->second.deadline = transport_.loop().RunAt(deadline, [this, to] {
    Lose(to, absl::DeadlineExceededError("the time of the stream is up"));
  });
}

void ServerStreams::Remove(const wire::ReplyAddress& to) {
  auto found = streams_.find(NameOf(to));
  if (found == streams_.end()) return;
  transport_.loop().CancelTimer(found->second.deadline);
  found->second.end->Close(absl::OkStatus());
  streams_.erase(found);
  --count_;
}

void ServerStreams::Cancel(const wire::ReplyAddress& to) {
  std::shared_ptr<StreamEnd> end = Find(to);
  if (end != nullptr) end->Close(absl::CancelledError("the call was cancelled"));
}

void ServerStreams::EndAll(const absl::Status& why) {
  for (auto& [name, stream] : streams_) stream.end->Close(why);
}

void ServerStreams::Close() {
  if (subscription_ != 0) transport_.Unsubscribe(subscription_, nullptr);
  transport_.loop().CancelTimer(beat_);
  EndAll(absl::UnavailableError("the server was shut down"));
  for (auto& [name, stream] : streams_) transport_.loop().CancelTimer(stream.deadline);
  streams_.clear();
  count_ = 0;
  executor_ = nullptr;
  owner_ = {};
}

ServerStreams::Name ServerStreams::NameOf(const wire::ReplyAddress& to) {
  return {to.topic.text(), to.correlation.value_or("")};
}

std::shared_ptr<StreamEnd> ServerStreams::Find(const wire::ReplyAddress& to) const {
  auto found = streams_.find(NameOf(to));
  return found == streams_.end() ? nullptr : found->second.end;
}

// The handler is told as it is of a cancel.
void ServerStreams::Lose(const wire::ReplyAddress& to, const absl::Status& why) {
  std::shared_ptr<StreamEnd> end = Find(to);
  if (end == nullptr) return;
  end->Close(why);
  owner_.on_lost(to);
}

void ServerStreams::OnMessage(Message message) {
  if (message.retain || !message.response_topic.has_value()) return;
  wire::ReplyAddress from = {
      .topic = *message.response_topic,
      .correlation = message.correlation_data,
      .qos = message.qos};
  absl::StatusOr<wire::StreamPart> part = wire::DecodePart(std::move(message));
  if (std::shared_ptr<StreamEnd> end = Find(from)) return end->OnPart(std::move(part));
  // What it had written before it knew of the end is answered by that.
  if (!part.ok() || !part->credit.has_value()) return;
  owner_.answer(
      std::move(from),
      absl::UnavailableError("the server of the stream was restarted, or has given it up"));
}

// Without its topic this end hears nothing; what was on its way is lost.
void ServerStreams::OnState(const absl::Status& state) {
  status_ = absl::IsUnavailable(state) ? absl::OkStatus() : state;
  if (!state.ok())
    EndAll(absl::UnavailableError("the server of the stream has lost its connection"));
}

void ServerStreams::ArmBeat() {
  beat_ = transport_.loop().RunAt(transport_.loop().Now() + kStreamBeat, [this] { Beat(); });
}

void ServerStreams::Beat() {
  beat_ = 0;
  // Those that are silent for too long leave.
  std::vector<std::shared_ptr<StreamEnd>> ends;
  ends.reserve(streams_.size());
  for (auto& [name, stream] : streams_) ends.push_back(stream.end);
  for (auto& end : ends) end->Beat();
  if (!streams_.empty()) ArmBeat();
}

}  // namespace mqrpc::internal

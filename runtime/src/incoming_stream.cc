#include "incoming_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace mqrpc::internal {

IncomingStream::IncomingStream(
    EventLoop& loop,
    std::shared_ptr<Executor> executor,
    Limits limits,
    std::function<void(const wire::Credit&)> on_credit)
    : WaitQueue(loop, std::move(executor)), limits_(limits), on_credit_(std::move(on_credit)) {}

absl::Status IncomingStream::Add(wire::StreamPart part) {
  if (part.first > received_ + 1) {
    return absl::DataLossError(
        absl::StrCat("frames ", received_ + 1, " to ", part.first - 1, " of the stream are lost"));
  }
  std::optional<uint64_t> length = part.length;
  if (absl::Status status = AddFrames(std::move(part)); !status.ok()) return status;
  if (!length.has_value()) return absl::OkStatus();
  absl::Status status = CheckLength(*length);
  if (status.ok()) Close(status);
  return status;
}

absl::Status IncomingStream::CheckLength(uint64_t length) const {
  if (length == received_ && beginning_.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("the stream has ", length, " frames, of which ", received_, " have come"));
}

absl::Status IncomingStream::AddFrames(wire::StreamPart part) {
  uint64_t known = received_ + 1 - part.first;  // frames of it, at its beginning
  if (known >= part.frames.size()) return absl::OkStatus();
  uint64_t last = part.first + part.frames.size() - 1;
  if (last > credit().frames) {
    return absl::ResourceExhaustedError("more of the stream has come than was asked for");
  }
  {
    MutexLock lock(mutex_);
    for (size_t i = known; i < part.frames.size(); ++i) {
      bool is_continued = part.is_continued && i + 1 == part.frames.size();
      absl::Status status = AddFrame(std::move(part.frames[i]), is_continued);
      if (!status.ok()) return status;
    }
  }
  received_ = last;
  Wake();
  return absl::OkStatus();
}

absl::Status IncomingStream::AddFrame(std::string frame, bool is_continued) {
  size_t bytes = frame.size();
  if (beginning_.size() + bytes > limits_.max_message_size) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "a message of the stream is larger than max_message_size (",
        limits_.max_message_size,
        " bytes)"));
  }
  std::string message = std::exchange(beginning_, {});
  if (message.empty()) {
    message = std::move(frame);
  } else {
    message += frame;
  }
  if (is_continued || is_dropped_) NoteFrameRead(bytes);
  if (is_continued) {
    beginning_ = std::move(message);
  } else if (!is_dropped_) {
    messages_.push_back({std::move(message), bytes});
  }
  return absl::OkStatus();
}

void IncomingStream::Close(const absl::Status& end) {
  std::function<void(const wire::Credit&)> forgotten;  // goes after the lock
  {
    MutexLock lock(mutex_);
    forgotten.swap(on_credit_);
    // For other threads: none of it is shared.
    if (!end_.has_value()) end_ = absl::Status(end.code(), end.message());
  }
  Wake();
}

void IncomingStream::Drop() {
  MutexLock lock(mutex_);
  is_dropped_ = true;
  while (!messages_.empty()) Take();
}

wire::Credit IncomingStream::credit() {
  MutexLock lock(mutex_);
  return CreditLocked();
}

wire::Credit IncomingStream::CreditLocked() const {
  return {
      .frames = read_.frames + limits_.window.frames,
      .bytes = read_.bytes + limits_.window.bytes};
}

absl::Status IncomingStream::status() {
  MutexLock lock(mutex_);
  return messages_.empty() ? end_.value_or(absl::OkStatus()) : absl::OkStatus();
}

std::optional<std::string> IncomingStream::Take() {
  if (messages_.empty()) return std::nullopt;
  Waiting first = std::move(messages_.front());
  messages_.pop_front();
  NoteFrameRead(first.last_frame);
  return std::move(first.message);
}

void IncomingStream::OnWaitInLoop() {
  end_ = absl::FailedPreconditionError(
      "waiting for a stream on the connection's own thread, which would have to receive it");
}

// The other end is told when half of the window has been read since the last time.
void IncomingStream::NoteFrameRead(size_t bytes) {
  ++read_.frames;
  read_.bytes += bytes;
  bool is_due = read_.frames - told_.frames >= limits_.window.frames / 2 ||
                read_.bytes - told_.bytes >= limits_.window.bytes / 2;
  if (!is_due) return;
  told_ = read_;
  // Under the lock, so that it does not run after Close.
  if (on_credit_) on_credit_(CreditLocked());
}

}  // namespace mqrpc::internal

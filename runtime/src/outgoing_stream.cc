#include "outgoing_stream.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mqrpc::internal {
namespace {

// That wait to leave: more would only be kept here instead of where they come from.
constexpr size_t kMaxQueuedBytes = 1 << 20;

}  // namespace

OutgoingStream::OutgoingStream(
    Transport& transport,
    std::shared_ptr<Executor> executor,
    Options options,
    Owner owner)
    : WaitQueue(transport.loop(), std::move(executor)),
      transport_(transport),
      options_(options),
      owner_(std::move(owner)) {}

void OutgoingStream::Open(wire::StreamAddress to, std::optional<wire::Credit> credit) {
  to_ = std::move(to);
  credit_ = credit;
  is_open_ = true;
  Announce();
}

void OutgoingStream::Grant(const wire::Credit& credit) {
  if (!credit_.has_value()) return;
  credit_->frames = std::max(credit_->frames, credit.frames);
  credit_->bytes = std::max(credit_->bytes, credit.bytes);
  Announce();
}

void OutgoingStream::Say(const wire::Credit& credit) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  says_ = credit;
  PostTurn();
}

void OutgoingStream::SetHeaders(Metadata headers) {
  MutexLock lock(mutex_);
  headers_ = std::move(headers);
}

bool OutgoingStream::has_room() const {
  return queued_.size() < options_.max_queued && queued_bytes_ < kMaxQueuedBytes;
}

std::optional<Room> OutgoingStream::Take() {
  return is_closed_ ? std::nullopt : std::optional<Room>(Room());
}

std::shared_ptr<OutgoingStream> OutgoingStream::self() {
  return std::static_pointer_cast<OutgoingStream>(shared_from_this());
}

bool OutgoingStream::TryWrite(std::string& message) {
  MutexLock lock(mutex_);
  if (is_closed_ || is_done_ || !has_room()) return false;
  if (message.size() > options_.max_message_size) {
    is_closed_ = true;
    owner_.post([self = self(), size = message.size()] {
      self->Lose(absl::ResourceExhaustedError(absl::StrCat(
          "a message of the stream has ",
          size,
          " bytes; max_message_size is ",
          self->options_.max_message_size)));
    });
    return false;
  }
  queued_bytes_ += message.size();
  queued_.push_back(std::move(message));
  PostTurn();
  return true;
}

void OutgoingStream::WritesDone() {
  MutexLock lock(mutex_);
  if (is_closed_ || std::exchange(is_done_, true)) return;
  PostTurn();
}

// Under the lock, so that it is not after Close.
void OutgoingStream::PostTurn() {
  if (std::exchange(is_posted_, true)) return;
  owner_.post([self = self()] {
    {
      MutexLock lock(self->mutex_);
      self->is_posted_ = false;
    }
    self->Announce();
    self->EndIfAllHasLeft();
  });
}

void OutgoingStream::Finish(End end) {
  end_ = std::move(end);
  EndIfAllHasLeft();
}

void OutgoingStream::Close(const absl::Status& why) {
  Owner forgotten;  // goes after the lock
  {
    MutexLock lock(mutex_);
    if (owner_.post) PostTurn();  // for the end that waits for what has not left
    is_closed_ = true;
    if (why_closed_.ok()) why_closed_ = absl::Status(why.code(), why.message());
    std::swap(forgotten, owner_);
  }
  Wake();
}

void OutgoingStream::Announce() {
  if (is_announced_ || !HasPart()) return;
  is_announced_ = true;
  auto sent = std::make_shared<Sent>();
  transport_.Publish(
      [self = self(), sent] { return self->Compose(*sent); },
      [self = self(), sent](const absl::StatusOr<ReasonCode>& ack) { self->OnAck(*sent, ack); });
}

bool OutgoingStream::HasPart() {
  MutexLock lock(mutex_);
  if (!is_open_ || is_closed_) return false;
  if (says_.has_value() || !lost_.empty()) return true;
  return queued_.empty() ? is_done_ && !is_length_said_ : MaySend();
}

bool OutgoingStream::MaySend() const {
  if (!credit_.has_value()) return true;
  return sent_.frames < credit_->frames && sent_.bytes < credit_->bytes;
}

std::optional<Message> OutgoingStream::Compose(Sent& sent) {
  is_announced_ = false;
  sent.is_composed = true;
  if (!HasPart()) return std::nullopt;
  wire::StreamPart part = NextPart();
  if (options_.outlives_connection) sent.part = part;
  {
    // What is left has a later turn, so that other streams have theirs in between.
    MutexLock lock(mutex_);
    if (!is_closed_) PostTurn();
  }
  Wake();  // there may be room
  return wire::EncodePart(to_, options_.deadline - transport_.loop().Now(), std::move(part));
}

wire::StreamPart OutgoingStream::NextPart() {
  if (!lost_.empty()) {
    wire::StreamPart part = std::move(lost_.begin()->second);
    lost_.erase(lost_.begin());
    return part;
  }
  wire::StreamPart part = {.first = sent_.frames + 1};
  MutexLock lock(mutex_);
  part.credit = std::exchange(says_, std::nullopt);
  TakeFrames(part);
  if (part.first == 1 && !part.frames.empty()) part.headers = headers_;
  if (is_done_ && queued_.empty() && !std::exchange(is_length_said_, true)) {
    part.length = sent_.frames;
  }
  return part;
}

// What may leave in one message.
void OutgoingStream::TakeFrames(wire::StreamPart& part) {
  bool is_json = wire::EncodingOf(to_.content_type) == Encoding::kJson;
  size_t most = is_json ? 1 : wire::kMaxBatchCalls;
  size_t bytes = 0;
  while (!queued_.empty() && part.frames.size() < most && MaySend()) {
    size_t size = queued_.front().size();
    bytes += size;
    if (!part.frames.empty() && bytes > wire::kMaxBatchBytes) break;
    ++sent_.frames;
    sent_.bytes += size;
    queued_bytes_ -= size;
    part.frames.push_back(std::move(queued_.front()));
    queued_.pop_front();
  }
}

void OutgoingStream::OnAck(Sent& sent, const absl::StatusOr<ReasonCode>& ack) {
  if (!sent.is_composed) is_announced_ = false;  // the transport has no room for it
  if (options_.outlives_connection && absl::IsUnavailable(ack.status())) {
    return SendAgain(std::move(sent.part));
  }
  absl::Status status = ack.status();
  if (ack.ok()) status = wire::StatusOfAck(*ack, to_.topic);
  if (!status.ok()) Lose(status);
}

void OutgoingStream::SendAgain(wire::StreamPart part) {
  {
    MutexLock lock(mutex_);
    if (!says_.has_value()) says_ = part.credit;
  }
  bool has_more = !part.frames.empty() || part.length.has_value();
  if (has_more) lost_.emplace(part.first, std::move(part));
  Announce();
}

void OutgoingStream::Lose(const absl::Status& why) {
  std::function<void(const absl::Status&)> on_lost;
  {
    MutexLock lock(mutex_);
    on_lost = owner_.on_lost;
  }
  Close(why);
  if (on_lost) on_lost(why);
  EndIfAllHasLeft();
}

void OutgoingStream::EndIfAllHasLeft() {
  if (!end_) return;
  absl::Status loss;
  {
    MutexLock lock(mutex_);
    if (!is_closed_ && (!queued_.empty() || is_posted_)) return;
    loss = why_closed_;
  }
  std::exchange(end_, nullptr)(sent_.frames, loss);
}

}  // namespace mqrpc::internal

#include "served_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "message_size.h"
#include "server_core.h"
#include "text.h"

namespace mqrpc::internal {

ServedCall::ServedCall(
    std::shared_ptr<ServerCore> core,
    absl::Time arrival,
    CallPlace place,
    std::optional<wire::ReplyAddress> reply_to,
    wire::RequestFrame frame)
    : core_(std::move(core)),
      arrival_(arrival),
      deadline_(arrival_ + frame.remaining),
      encoding_(wire::EncodingOf(frame.content_type)),
      context_(core_->loop(), deadline_, std::move(place), std::move(frame.headers), *this),
      reply_to_(std::move(reply_to)),
      request_(std::move(frame.payload)),
      credit_(frame.credit) {}

ServedCall::~ServedCall() {
  if (finished_) return;
  std::string text =
      absl::StrCat("the handler of ", View(context_.method()), " ended without an answer");
  core_->Log(LogLevel::kError, text);
  Finish(absl::InternalError(text));
}

std::optional<std::string> ServedCall::Read() { return std::exchange(request_, std::nullopt); }

std::shared_ptr<ByteReader> ServedCall::reader() { return stream_->in(); }

std::shared_ptr<ByteWriter> ServedCall::writer() { return stream_->out(); }

void ServedCall::Start(absl::Time now) {
  start_ = now;
  core_->NoteStart(now - arrival_);
}

bool ServedCall::Intercept(const std::vector<ServerInterceptor*>& interceptors) {
  IncomingCall incoming(context_, context_.headers_, *request_);
  for (ServerInterceptor* interceptor : interceptors) {
    interceptor->Intercept(incoming);
    if (incoming.answer().has_value()) break;
  }
  hooks_ = std::move(incoming).TakeHooks();
  LimitTime(incoming.limit());
  if (!incoming.answer().has_value()) return true;
  absl::StatusOr<std::string> answer = *incoming.answer();
  if (answer.ok()) reply_ = *answer;
  Finish(answer.status());
  return false;
}

void ServedCall::LimitTime(absl::Duration limit) {
  if (limit == absl::InfiniteDuration()) return;
  absl::Time deadline = std::min(deadline_, core_->loop().Now() + limit);
  if (is_to_be_stopped_) core_->DoNotStop(deadline_, this);
  deadline_ = context_.deadline_ = deadline;
  if (stream_ != nullptr) core_->EndStreamAt(*reply_to_, deadline_);
  if (is_to_be_stopped_) core_->StopAt(deadline_, this, cancellation().MakeSource());
}

void ServedCall::Repeat(const ReplyCache::Answer& answer) {
  if (answer.result.ok()) reply_ = *answer.result;
  reply_metadata_ = answer.metadata;
  End(answer.result.status(), wire::Ran::kYes);
}

size_t ServedCall::max_metadata_size() const { return core_->max_metadata_size(); }

void ServedCall::Abandon() {
  finished_ = true;
  if (stream_ != nullptr) core_->RemoveStream(*reply_to_);
  if (entry_ != nullptr) core_->Forget(entry_);
}

Cancellation& ServedCall::cancellation() {
  return entry_ != nullptr ? ReplyCache::CancellationOf(*entry_) : own_cancellation_;
}

// The entry goes some time after the end.
bool ServedCall::IsCancelled() {
  return !finished_ && (cancellation().is_stopped() || deadline_ <= core_->loop().Now());
}

std::stop_token ServedCall::StopToken() {
  if (finished_) return {};
  std::stop_source& source = cancellation().MakeSource();
  if (deadline_ != absl::InfiniteFuture() && !std::exchange(is_to_be_stopped_, true)) {
    core_->StopAt(deadline_, this, source);
  }
  return source.get_token();
}

std::stop_token ServedCall::CancelToken() {
  return finished_ ? std::stop_token() : cancellation().MakeSource().get_token();
}

void ServedCall::End(absl::Status status, wire::Ran ran) {
  if (finished_) return;
  finished_ = true;
  bool is_declined = context_.is_declined_ && !status.ok();
  if (is_declined) ran = wire::Ran::kNo;
  if (is_to_be_stopped_) core_->DoNotStop(deadline_, this);
  absl::StatusOr<std::string> result = std::move(reply_);
  if (!status.ok()) result = std::move(status);
  if (stream_ != nullptr) return EndStream(std::move(result), ran);
  if (!hooks_.empty()) {
    RunEndHooks(hooks_, {result, context_.reply_metadata_, core_->TimeSince(start_)});
  }
  if (is_declined && context_.is_broadcast()) return NoteSilence(result.status());
  if (!reply_to_.has_value()) return NoteUnwanted(result.status());
  CheckReplySize(result);
  if (reply_metadata_ == nullptr) {
    reply_metadata_ = wire::ShareUnlessEmpty(std::move(context_.reply_metadata_));
  }
  core_->Reply(
      {.to = *std::move(reply_to_),
       .deadline = deadline_,
       .answer = {.result = std::move(result), .metadata = std::move(reply_metadata_)},
       .ran = ran},
      entry_,
      start_);
}

// After all that was written has left: only then is it known whether that was all.
void ServedCall::EndStream(absl::StatusOr<std::string> result, wire::Ran ran) {
  CheckReplySize(result);
  absl::StatusCode code = result.status().code();
  auto end = [core = core_,
              hooks = std::move(hooks_),
              metadata = std::move(context_.reply_metadata_),
              reply =
                  OutgoingReply{
                      .to = *std::move(reply_to_),
                      .deadline = deadline_,
                      .answer = {.result = std::move(result)},
                      .ran = ran},
              entry = entry_,
              start = start_](uint64_t length, const absl::Status& loss) mutable {
    if (!loss.ok()) reply.answer.result = loss;
    RunEndHooks(hooks, {reply.answer.result, metadata, core->TimeSince(start)});
    reply.answer.metadata = wire::ShareUnlessEmpty(std::move(metadata));
    reply.to.stream_length = length;
    core->RemoveStream(reply.to);
    core->Reply(std::move(reply), entry, start);
  };
  bool is_open = core_->PostIfOpen([stream = stream_, end = std::move(end)]() mutable {
    stream->out()->Finish(std::move(end));
  });
  if (!is_open) core_->NoteEnd(start_, code);
}

void ServedCall::OnHeader() {
  if (stream_ != nullptr) stream_->out()->SetHeaders(context_.reply_metadata_.headers);
}

void ServedCall::CheckReplySize(absl::StatusOr<std::string>& result) const {
  if (!result.ok() || method_ == nullptr) return;
  absl::Status status = CheckSize(
      "ServerOptions",
      core_->max_message_size(),
      method_->max_message_size,
      "reply",
      result->size());
  if (!status.ok()) result = std::move(status);
}

// The end of one that this server has nothing to say to.
void ServedCall::NoteSilence(const absl::Status& status) {
  core_->NoteEnd(start_, status.code());
  if (entry_ != nullptr) core_->Forget(entry_);
}

// The end of one that asked for no answer.
void ServedCall::NoteUnwanted(const absl::Status& status) {
  core_->NoteEnd(start_, status.code());
  if (status.ok()) return;
  std::string text = absl::StrCat(
      View(context_.method()),
      " failed, and nobody waits for its answer: ",
      status.ToString());
  core_->Log(LogLevel::kWarning, text);
}

}  // namespace mqrpc::internal

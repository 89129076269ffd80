#include "stream_end.h"

#include <utility>

namespace mqrpc::internal {

StreamEnd::StreamEnd(
    Transport& transport,
    std::shared_ptr<Executor> executor,
    const Options& options,
    OutgoingStream::Owner owner)
    : loop_(transport.loop()),
      out_(std::make_shared<OutgoingStream>(transport, executor, options.writes, std::move(owner))),
      in_(std::make_shared<IncomingStream>(
          loop_,
          std::move(executor),
          options.reads,
          [out = out_](const wire::Credit& credit) { out->Say(credit); })) {}

void StreamEnd::Open(wire::StreamAddress to, std::optional<wire::Credit> credit) {
  is_open_ = true;
  beats_ = credit.has_value();
  heard_ = loop_.Now();
  out_->Open(std::move(to), credit);
}

void StreamEnd::OnPart(absl::StatusOr<wire::StreamPart> part) {
  if (!part.ok()) return out_->Lose(part.status());
  heard_ = loop_.Now();
  if (part->credit.has_value()) out_->Grant(*part->credit);
  absl::Status status = in_->Add(*std::move(part));
  if (!status.ok()) out_->Lose(status);
}

void StreamEnd::Beat() {
  if (!beats_) return;
  if (loop_.Now() - heard_ < kStreamSilence) return out_->Say(in_->credit());
  out_->Lose(absl::UnavailableError("the other end of the stream has gone, or cannot be reached"));
}

void StreamEnd::Close(const absl::Status& why) {
  out_->Close(why);
  in_->Close(why);
}

}  // namespace mqrpc::internal

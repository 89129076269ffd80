#include "repetitions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mqrpc::internal {
namespace {

// A request without a limit may be repeated for so long.
constexpr absl::Duration kWithoutLimit = absl::Seconds(120);

// A repetition may seem to have so much more time than the request: Message Expiry is in whole
// seconds, rounded up.
constexpr absl::Duration kRounding = absl::Seconds(1);

// What is kept for a little too long does no harm.
constexpr absl::Duration kExpiryPeriod = absl::Seconds(1);

constexpr absl::Duration kLogPeriod = absl::Minutes(1);

}  // namespace

Repetitions::Repetitions(EventLoop& loop, const ServerOptions& options)
    : loop_(loop),
      options_(options),
      cache_(options.max_kept_replies, options.max_kept_reply_bytes) {}

absl::StatusOr<bool> Repetitions::IsNew(
    ServedCall& call,
    uint64_t fingerprint,
    Idempotency idempotency) {
  const std::optional<wire::ReplyAddress>& to = call.reply_to();
  bool has_name = to.has_value() && to->correlation.has_value();
  if (!has_name || options_.max_kept_replies == 0) return true;
  absl::Time expires = call.deadline() == absl::InfiniteFuture() ? call.arrival() + kWithoutLimit
                                                                 : call.deadline() + kRounding;
  cache_.Expire(call.arrival());  // so that nothing live has to go for it
  if (early_cancels_.Take(to->topic.text(), *to->correlation, call.arrival())) {
    ++cancelled_;
    call.Abandon();
    return false;
  }
  auto [verdict, entry] = cache_.Admit(
      {.topic = to->topic,
       .correlation = {to->correlation->begin(), to->correlation->end()},
       .fingerprint = fingerprint,
       .idempotency = idempotency,
       .expires = expires});
  NoteChange();
  switch (verdict) {
    case ReplyCache::Verdict::kNew:
      call.SetEntry(entry);
      return true;
    case ReplyCache::Verdict::kRunning:
      ++repeated_;
      call.Abandon();
      return false;
    case ReplyCache::Verdict::kFinished:
      ++repeated_;
      call.Repeat(ReplyCache::AnswerOf(*entry));
      return false;
    case ReplyCache::Verdict::kConflict:
      break;
  }
  return absl::InvalidArgumentError(
      "the correlation data is that of another request with the same response topic");
}

void Repetitions::Remember(ReplyCache::Entry* entry, const ReplyCache::Answer& answer) {
  cache_.Finish(entry, answer);
  NoteChange();
  ArmTimer();
}

void Repetitions::Cancel(const SharedText& topic, std::string_view correlation) {
  ReplyCache::Correlation key(correlation.begin(), correlation.end());
  ReplyCache::Entry* entry = cache_.Find(topic, key);
  if (entry == nullptr) return early_cancels_.Add(topic.text(), correlation, loop_.Now());
  Cancellation& cancellation = ReplyCache::CancellationOf(*entry);
  if (ReplyCache::HasFinished(*entry) || cancellation.is_requested()) return;
  ++cancelled_;
  cancellation.Request();
}

void Repetitions::Stop(const SharedText& topic, std::string_view correlation) {
  ReplyCache::Correlation key(correlation.begin(), correlation.end());
  ReplyCache::Entry* entry = cache_.Find(topic, key);
  if (entry != nullptr && !ReplyCache::HasFinished(*entry))
    ReplyCache::CancellationOf(*entry).Stop();
}

void Repetitions::Close() { loop_.CancelTimer(std::exchange(timer_, 0)); }

void Repetitions::AddTo(ServerStats& stats) const {
  stats.repeated_requests = repeated_;
  stats.calls_cancelled = cancelled_;
  stats.replies_evicted = evicted_;
  stats.replies_kept = kept_;
  stats.reply_bytes_kept = bytes_kept_;
}

void Repetitions::NoteChange() {
  kept_ = cache_.size();
  bytes_kept_ = cache_.bytes();
  if (cache_.evicted() == evicted_) return;
  evicted_ = cache_.evicted();
  absl::Time now = loop_.Now();
  if (eviction_logged_at_ + kLogPeriod > now) return;
  eviction_logged_at_ = now;
  options_.log(
      LogLevel::kWarning,
      absl::StrCat(
          "ServerOptions::max_kept_replies (",
          options_.max_kept_replies,
          ") or max_kept_reply_bytes (",
          options_.max_kept_reply_bytes,
          ") is too small: ",
          cache_.evicted(),
          " replies have been forgotten while their callers may still ask again"));
}

void Repetitions::ArmTimer() {
  if (cache_.next_expiry() >= timer_at_) return;
  absl::Time next = std::max(cache_.next_expiry(), loop_.Now() + kExpiryPeriod);
  if (next >= timer_at_) return;
  loop_.CancelTimer(timer_);
  timer_at_ = next;
  timer_ = loop_.RunAt(next, [this] {
    timer_at_ = absl::InfiniteFuture();
    cache_.Expire(loop_.Now());
    NoteChange();
    ArmTimer();
  });
}

}  // namespace mqrpc::internal

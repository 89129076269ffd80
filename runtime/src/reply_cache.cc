#include "reply_cache.h"

#include <algorithm>
#include <limits>

#include "absl/hash/hash.h"
#include "metadata_wire.h"
#include "text.h"

namespace mqrpc::internal {
namespace {

size_t SizeOf(const absl::StatusOr<std::string>& result) {
  if (result.ok()) return result->size();
  size_t size = result.status().message().size();
  result.status().ForEachPayload([&size](absl::string_view type_url, const absl::Cord& bytes) {
    size += type_url.size() + bytes.size();
  });
  return size;
}

size_t SizeOf(const ReplyCache::Answer& answer) {
  size_t size = SizeOf(answer.result);
  if (answer.metadata == nullptr) return size;
  return size + wire::SizeOf(answer.metadata->headers) + wire::SizeOf(answer.metadata->trailers);
}

// The first whole second that is not before `time`: what is kept a little longer does no harm.
int64_t SecondOf(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::numeric_limits<int64_t>::max();
  return absl::ToUnixSeconds(time - absl::Nanoseconds(1)) + 1;
}

absl::Time BeginOf(int64_t second) {
  if (second == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  return absl::FromUnixSeconds(second);
}

size_t HashOf(const ReplyCache::Request& key) {
  return absl::HashOf(View(key.topic.text()), key.correlation);
}

}  // namespace

ReplyCache::Kept& ReplyCache::KeptAs(const Entry& entry) {
  return entry.request_.idempotency == Idempotency::kUnknown ? others_ : idempotent_;
}

bool ReplyCache::ByKey::operator()(const Slot& one, const Slot& other) const {
  if (one.entry == other.entry) return true;
  if (one.hash != other.hash) return false;
  const Request& first = one.entry->request_;
  const Request& second = other.entry->request_;
  return first.correlation == second.correlation && first.topic.text() == second.topic.text();
}

ReplyCache::Admission ReplyCache::Admit(Request request) {
  Entry& entry = running_.emplace_back();
  entry.request_ = std::move(request);
  entry.hash_ = HashOf(entry.request_);
  entry.expires_ = SecondOf(entry.request_.expires);
  entry.place_ = std::prev(running_.end());
  auto [found, is_new] = by_key_.insert({entry.hash_, &entry});
  if (!is_new) {
    Entry* known = found->entry;
    bool is_same = known->request_.fingerprint == entry.request_.fingerprint;
    running_.pop_back();
    if (!is_same) return {Verdict::kConflict, known};
    return {known->answer_.has_value() ? Verdict::kFinished : Verdict::kRunning, known};
  }
  entry.bytes_ =
      sizeof(Entry) + entry.request_.topic.text().size() + entry.request_.correlation.size();
  bytes_ += entry.bytes_;
  MakeRoom();
  return {Verdict::kNew, &entry};
}

void ReplyCache::Finish(Entry* entry, const Answer& answer) {
  if (entry->request_.idempotency == Idempotency::kNoSideEffects) return Remove(entry);
  entry->answer_ = answer;
  size_t bytes = SizeOf(answer);
  entry->bytes_ += bytes;
  bytes_ += bytes;
  Entries& finished = KeptAs(*entry)[entry->expires_];
  finished.splice(finished.end(), running_, entry->place_);
  MakeRoom();
}

void ReplyCache::Forget(Entry* entry) { Remove(entry); }

const ReplyCache::Answer& ReplyCache::AnswerOf(const Entry& entry) { return *entry.answer_; }

bool ReplyCache::HasFinished(const Entry& entry) { return entry.answer_.has_value(); }

Cancellation& ReplyCache::CancellationOf(Entry& entry) { return entry.cancellation_; }

ReplyCache::Entry* ReplyCache::Find(const SharedText& topic, const Correlation& correlation) {
  Entry wanted;
  wanted.request_.topic = topic;
  wanted.request_.correlation = correlation;
  auto found = by_key_.find({HashOf(wanted.request_), &wanted});
  return found == by_key_.end() ? nullptr : found->entry;
}

void ReplyCache::Remove(Entry* entry) {
  by_key_.erase(Slot{entry->hash_, entry});
  bytes_ -= entry->bytes_;
  if (!entry->answer_.has_value()) {
    running_.erase(entry->place_);
    return;
  }
  Kept& kept = KeptAs(*entry);
  auto of_second = kept.find(entry->expires_);
  of_second->second.erase(entry->place_);
  if (of_second->second.empty()) kept.erase(of_second);
}

// What runs is bounded elsewhere, and has to be known when it ends.
void ReplyCache::MakeRoom() {
  while (by_key_.size() > max_entries_ || bytes_ > max_bytes_) {
    if (idempotent_.empty() && others_.empty()) return;
    if (!idempotent_.empty()) {
      Remove(&idempotent_.begin()->second.front());
      continue;
    }
    ++evicted_;
    Remove(&others_.begin()->second.front());
  }
}

void ReplyCache::Expire(absl::Time now) {
  ExpireIn(idempotent_, now);
  ExpireIn(others_, now);
}

void ReplyCache::ExpireIn(Kept& kept, absl::Time now) {
  while (!kept.empty() && BeginOf(kept.begin()->first) <= now) {
    Remove(&kept.begin()->second.front());
  }
}

absl::Time ReplyCache::next_expiry() const {
  absl::Time next = absl::InfiniteFuture();
  for (const Kept* kept : {&idempotent_, &others_}) {
    if (!kept->empty()) next = std::min(next, BeginOf(kept->begin()->first));
  }
  return next;
}

}  // namespace mqrpc::internal

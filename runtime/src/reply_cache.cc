#include "reply_cache.h"

#include "absl/hash/hash.h"
#include "text.h"

namespace mqrpc::internal {
namespace {

size_t SizeOf(const ReplyCache::Result& result) {
  if (result.ok()) return result->size();
  size_t size = result.status().message().size();
  result.status().ForEachPayload([&size](absl::string_view type_url, const absl::Cord& bytes) {
    size += type_url.size() + bytes.size();
  });
  return size;
}

}  // namespace

ReplyCache::Entries& ReplyCache::ListOf(const Entry& entry) {
  if (!entry.result_.has_value()) return running_;
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
  const std::string& topic = entry.request_.topic.text();
  entry.hash_ = absl::HashOf(View(topic), entry.request_.correlation);
  entry.place_ = std::prev(running_.end());
  auto [found, is_new] = by_key_.insert({entry.hash_, &entry});
  if (!is_new) {
    Entry* known = found->entry;
    bool is_same = known->request_.fingerprint == entry.request_.fingerprint;
    running_.pop_back();
    if (!is_same) return {Verdict::kConflict, known};
    return {known->result_.has_value() ? Verdict::kFinished : Verdict::kRunning, known};
  }
  entry.bytes_ = sizeof(Entry) + topic.size() + entry.request_.correlation.size();
  bytes_ += entry.bytes_;
  MakeRoom();
  return {Verdict::kNew, &entry};
}

void ReplyCache::Finish(Entry* entry, const Result& result) {
  if (entry->request_.idempotency == Idempotency::kNoSideEffects) return Remove(entry);
  entry->result_ = result;
  size_t bytes = SizeOf(result);
  entry->bytes_ += bytes;
  bytes_ += bytes;
  expiries_.emplace(entry->request_.expires, entry);
  Entries& finished = ListOf(*entry);
  finished.splice(finished.end(), running_, entry->place_);
  MakeRoom();
}

void ReplyCache::Forget(Entry* entry) { Remove(entry); }

const ReplyCache::Result& ReplyCache::ResultOf(const Entry& entry) { return *entry.result_; }

void ReplyCache::Remove(Entry* entry) {
  by_key_.erase(Slot{entry->hash_, entry});
  if (entry->result_.has_value()) expiries_.erase({entry->request_.expires, entry});
  bytes_ -= entry->bytes_;
  ListOf(*entry).erase(entry->place_);
}

// What runs is bounded elsewhere, and has to be known when it ends.
void ReplyCache::MakeRoom() {
  while (by_key_.size() > max_entries_ || bytes_ > max_bytes_) {
    if (idempotent_.empty() && others_.empty()) return;
    if (!idempotent_.empty()) {
      Remove(&idempotent_.front());
      continue;
    }
    ++evicted_;
    Remove(&others_.front());
  }
}

void ReplyCache::Expire(absl::Time now) {
  while (!expiries_.empty() && expiries_.begin()->first <= now) Remove(expiries_.begin()->second);
}

absl::Time ReplyCache::next_expiry() const {
  return expiries_.empty() ? absl::InfiniteFuture() : expiries_.begin()->first;
}

}  // namespace mqrpc::internal

#ifndef MQRPC_REPLY_CACHE_H_
#define MQRPC_REPLY_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cancellation.h"
#include "mqrpc/metadata.h"
#include "mqrpc/method.h"
#include "mqrpc/shared_text.h"

namespace mqrpc::internal {

// What a server remembers of the calls that it runs and has run, so that a request which comes
// again, delivered twice by a broker or sent again by its caller, does not run again. A call is
// known by its response topic and its correlation data, its key. An entry lives as long as its
// caller may still ask; running ones stay until they end, however long that takes. Not thread-safe:
// all in turns of one loop.
class ReplyCache {
 public:
  struct Answer {
    absl::StatusOr<std::string> result = std::string();
    std::shared_ptr<const ReplyMetadata> metadata = nullptr;  // null: none
  };

  ReplyCache(size_t max_entries, size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}
  ReplyCache(const ReplyCache&) = delete;
  ReplyCache& operator=(const ReplyCache&) = delete;

  using Correlation = absl::InlinedVector<char, 16>;  // ours have 16 bytes
  struct Request {
    SharedText topic = {};
    Correlation correlation = {};
    uint64_t fingerprint = 0;  // of what is to be run
    Idempotency idempotency = Idempotency::kUnknown;
    absl::Time expires = absl::InfiniteFuture();
  };

  class Entry;
  enum class Verdict {
    kNew,       // to be run: it counts as running from here on
    kRunning,   // its answer will come
    kFinished,  // to be answered with AnswerOf
    kConflict,  // the key is that of another request
  };
  struct Admission {
    Verdict verdict;
    Entry* entry;  // lives until Finish or Forget, or, if it is finished, for this turn
  };
  Admission Admit(Request request);

  // Once for each new one. Keeps the answer, unless the method has no side effects.
  void Finish(Entry* entry, const Answer& answer);
  // Likewise, for one that has not run after all.
  void Forget(Entry* entry);

  static const Answer& AnswerOf(const Entry& entry);
  static bool HasFinished(const Entry& entry);
  static Cancellation& CancellationOf(Entry& entry);

  // Null if it is not known.
  Entry* Find(const SharedText& topic, const Correlation& correlation);

  // Removes what has finished and is not to be asked for any more, a second later at most.
  void Expire(absl::Time now);
  absl::Time next_expiry() const;  // InfiniteFuture if there is none

  bool empty() const { return by_key_.empty(); }
  size_t size() const { return by_key_.size(); }
  size_t bytes() const { return bytes_; }
  uint64_t evicted() const { return evicted_; }  // of those that could not be run again

 private:
  using Entries = std::list<Entry>;
  // Those that have finished, by the second at whose beginning they expire.
  using Kept = absl::btree_map<int64_t, Entries>;

  // With its hash, so that looking for one touches no other.
  struct Slot {
    size_t hash;
    Entry* entry;
  };
  struct ByKey {
    size_t operator()(const Slot& slot) const { return slot.hash; }
    bool operator()(const Slot& one, const Slot& other) const;
  };

  Kept& KeptAs(const Entry& entry);
  void Remove(Entry* entry);
  void MakeRoom();
  void ExpireIn(Kept& kept, absl::Time now);

  const size_t max_entries_;
  const size_t max_bytes_;
  size_t bytes_ = 0;
  uint64_t evicted_ = 0;

  // An entry is in one of these.
  Entries running_;
  Kept idempotent_;
  Kept others_;
  absl::flat_hash_set<Slot, ByKey, ByKey> by_key_;
};

class ReplyCache::Entry {
  friend class ReplyCache;

  Request request_;
  size_t hash_ = 0;               // of its key
  int64_t expires_ = 0;           // in seconds
  Entries::iterator place_;       // in the list that it is in
  std::optional<Answer> answer_;  // none: it is running
  Cancellation cancellation_;
  size_t bytes_ = 0;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REPLY_CACHE_H_

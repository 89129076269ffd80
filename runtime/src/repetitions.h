#ifndef MQRPC_REPETITIONS_H_
#define MQRPC_REPETITIONS_H_

#include <atomic>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "early_cancels.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/method.h"
#include "mqrpc/server.h"
#include "reply_cache.h"
#include "served_call.h"

namespace mqrpc::internal {

// Sees to it that a request which comes again is answered again, and not run again. In turns of the
// loop, but for the counters. Both arguments outlive it.
class Repetitions {
 public:
  Repetitions(EventLoop& loop, const ServerOptions& options);

  // Whether the call is to be run. If not, it is answered here: as the one before it was, or, if
  // that one still runs, together with it. INVALID_ARGUMENT if it is not the same request.
  absl::StatusOr<bool> IsNew(ServedCall& call, uint64_t fingerprint, Idempotency idempotency);

  // The end of a new one, by the entry that it was given. From here on a repetition is answered
  // with `answer`; after Forget it runs.
  void Remember(ReplyCache::Entry* entry, const ReplyCache::Answer& answer);
  void Forget(ReplyCache::Entry* entry) { cache_.Forget(entry); }

  // The caller has given up a call: its handler is told, and one that comes later does not run.
  void Cancel(const SharedText& topic, std::string_view correlation);

  // Likewise, but what it answers is wanted.
  void Stop(const SharedText& topic, std::string_view correlation);

  // The loop is not used any more.
  void Close();

  bool empty() const { return cache_.empty(); }

  // What has been repeated, and what is kept. Any thread.
  void AddTo(ServerStats& stats) const;

 private:
  void NoteChange();
  void ArmTimer();

  EventLoop& loop_;
  const ServerOptions& options_;
  ReplyCache cache_;
  EarlyCancels early_cancels_;
  EventLoop::TimerId timer_ = 0;
  absl::Time timer_at_ = absl::InfiniteFuture();
  absl::Time eviction_logged_at_ = absl::InfinitePast();

  // For other threads.
  std::atomic<uint64_t> repeated_ = 0;
  std::atomic<uint64_t> evicted_ = 0;
  std::atomic<uint64_t> cancelled_ = 0;
  std::atomic<size_t> kept_ = 0;
  std::atomic<size_t> bytes_kept_ = 0;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REPETITIONS_H_

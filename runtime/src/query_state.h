#ifndef MQRPC_QUERY_STATE_H_
#define MQRPC_QUERY_STATE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "mqrpc/query.h"
#include "wait_queue.h"

namespace mqrpc::internal {

// The answers to one question to all servers. The channel adds and ends, in turns of its loop; the
// rest is for the caller.
class QueryState final : public WaitQueue<AnswerQueue> {
 public:
  QueryState(EventLoop& loop, std::shared_ptr<Executor> executor, const QueryOptions& options);

  // False if it has been answered by that one before.
  bool Add(ByteAnswer answer);

  // Whether what has come is enough, and why: kEnough, kAllResponders, or kNotYet.
  QueryEnd Completion() const;

  // The question has been asked for long enough, or has failed. Once.
  void Close(const absl::StatusOr<std::string>& result);

  QueryEnd end() override;
  absl::Status status() override;

 private:
  bool is_ready() const override MQRPC_REQUIRES(mutex_) {
    return !answers_.empty() || end_ != QueryEnd::kNotYet;
  }
  std::optional<ByteAnswer> Take() override MQRPC_REQUIRES(mutex_);
  void OnWaitInLoop() override MQRPC_REQUIRES(mutex_);

  const size_t max_answers_;

  // Of the loop.
  absl::flat_hash_set<std::string> awaited_;  // of the responders that are to answer
  const bool awaits_some_;
  absl::flat_hash_set<std::string> answered_;
  size_t count_ = 0;  // of the answers that have come

  std::deque<ByteAnswer> answers_ MQRPC_GUARDED_BY(mutex_);
  QueryEnd end_ MQRPC_GUARDED_BY(mutex_) = QueryEnd::kNotYet;
  absl::Status status_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_QUERY_STATE_H_

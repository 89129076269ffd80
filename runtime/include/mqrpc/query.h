#ifndef MQRPC_QUERY_H_
#define MQRPC_QUERY_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/call.h"
#include "mqrpc/call_options.h"
#include "mqrpc/item_queue.h"
#include "mqrpc/metadata.h"

namespace mqrpc {

// When a question to all servers has been asked for long enough: whatever comes first.
struct QueryOptions {
  // None: CallOptions::timeout, or else that of the method in its .proto, or 1 s.
  std::optional<absl::Duration> window = {};

  // So many answers are enough; it is also how many may wait to be read.
  size_t max_answers = 1'000;

  // All of these have answered, if it is not empty: client ids, as a Directory knows them.
  std::vector<std::string> responders = {};

  CallOptions call = {};
};

// Why no more answers come.
enum class QueryEnd {
  kNotYet,         // more may come
  kWindow,         // the time is up
  kEnough,         // QueryOptions::max_answers
  kAllResponders,  // all of QueryOptions::responders have answered
  kFailed,         // Query::status() says why
};

// What one server says.
template <class Reply>
struct Answer {
  std::string responder = {};  // the client id of its connection; empty if it does not say
  absl::StatusOr<Reply> result = absl::UnknownError("no answer");
  ReplyMetadata metadata = {};
};

namespace internal {

struct ByteAnswer {
  std::string responder = {};
  absl::StatusOr<std::string> result;
  ReplyMetadata metadata = {};
};

// Where the answers to one question wait to be read.
class AnswerQueue : public ItemQueue<ByteAnswer> {
 public:
  virtual QueryEnd end() = 0;
  virtual absl::Status status() = 0;
};

}  // namespace internal

// A question to all servers, and their answers as they come. Stubs have one for each method that
// says `option (mqrpc.responders) = MANY`.
//
//   mqrpc::Query<PingReply> query = health.Ping(request, {.window = absl::Milliseconds(500)});
//   while (auto answer = query.Next()) {
//     if (answer->result.ok()) std::cout << answer->responder << "\n";
//   }
//
//   while (auto answer = co_await query.NextAsync()) ...
//
// A server that fails says so in its own answer, one that declines says nothing, and one that is
// dead harms nobody. Each answers once. Dropping the query cancels it, which stops the handlers
// that are still at it. One thread at a time.
template <class Reply>
class [[nodiscard]] Query {
 public:
  // Not of users.
  Query(internal::ByteCall call, std::shared_ptr<internal::AnswerQueue> answers)
      : call_(std::move(call)), answers_(std::move(answers)) {}

  // The next answer; blocks until there is one. None: no more come, and end() says why. On the
  // connection's own thread it would wait for ever, and fails with FAILED_PRECONDITION.
  std::optional<Answer<Reply>> Next() { return Parsed(answers_->Next(), call_.encoding()); }

  // All that still come, when the last of them has.
  std::vector<Answer<Reply>> Collect() {
    std::vector<Answer<Reply>> all;
    while (std::optional<Answer<Reply>> answer = Next()) all.push_back(*std::move(answer));
    return all;
  }

  // As Next, in a coroutine, which resumes where it would after a Call. The query outlives it.
  auto NextAsync() {
    struct Awaiter final : internal::ItemAwaiter<internal::ByteAnswer> {
      Awaiter(std::shared_ptr<internal::AnswerQueue> answers, Encoding encoding)
          : ItemAwaiter(std::move(answers)), encoding_(encoding) {}
      std::optional<Answer<Reply>> await_resume() { return Parsed(Take(), encoding_); }
      const Encoding encoding_;
    };
    return Awaiter(answers_, call_.encoding());
  }

  // Why no more come, once Next has said so.
  QueryEnd end() const { return answers_->end(); }

  // OK unless it has failed: UNAVAILABLE if there is no server at all, or the connection was lost;
  // CANCELLED; or what is wrong with the request or the options.
  absl::Status status() const { return answers_->status(); }

  // Asks no more. What has come can still be read.
  void Cancel() { call_.Cancel(); }

 private:
  static std::optional<Answer<Reply>> Parsed(
      std::optional<internal::ByteAnswer> answer,
      Encoding encoding) {
    if (!answer.has_value()) return std::nullopt;
    return Answer<Reply>{
        .responder = std::move(answer->responder),
        .result = Parse<Reply>(std::move(answer->result), encoding),
        .metadata = std::move(answer->metadata)};
  }

  internal::ByteCall call_;
  std::shared_ptr<internal::AnswerQueue> answers_;  // shared with the channel, which fills it
};

}  // namespace mqrpc

#endif  // MQRPC_QUERY_H_

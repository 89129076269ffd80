#ifndef MQRPC_GATHER_H_
#define MQRPC_GATHER_H_

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/call.h"
#include "mqrpc/task.h"

namespace mqrpc {

// When enough is known of several calls. Those that have not ended then are cancelled.
struct GatherOptions {
  // So many that are answered OK are enough; unset: all of them. More than there are calls is
  // answered INVALID_ARGUMENT at once; 0 is reached at once.
  std::optional<size_t> successes = {};

  // So many that fail are too many; at least 1. Unset: as soon as `successes` is out of reach. More
  // than there are calls: none are, and it goes on until each call has ended or enough succeeded.
  std::optional<size_t> failures = {};
};

// What became of several calls, each known by its index among them.
template <class Reply>
struct Outcomes {
  // OK if enough of them were answered OK. If not, the code and the message of the last that
  // failed, with its index and how many did.
  absl::Status status = absl::OkStatus();

  // Of every call. CANCELLED: it had not ended when this was settled.
  std::vector<typename Call<Reply>::Result> results = {};

  // Which were answered OK, in the order in which that came to be known.
  std::vector<size_t> succeeded = {};
};

namespace internal {

// Calls whose ends are counted; whatever their type. Any thread. Shared by the one who waits and by
// the calls' continuations.
class Gathering : public std::enable_shared_from_this<Gathering> {
 public:
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // Counts the calls that answer at once. Whether that, or the options, settle it.
  bool IsSettledAtOnce();

  // Resumes `coroutine` when it is settled, on the executor of `task` or of the call that settles
  // it; perhaps before this returns.
  void Listen(std::coroutine_handle<> coroutine, const TaskPromiseBase* task);

  // Cancels what has not ended, and resumes nobody.
  void Abandon();

 protected:
  Gathering(std::vector<ByteCall> calls, const GatherOptions& options);
  virtual ~Gathering();

  // Keeps the result of a call, and says whether it is a success. Not once it is settled; one at a
  // time.
  virtual absl::Status Keep(size_t index, absl::StatusOr<std::string> result) = 0;

  // Once it is settled.
  absl::Status TakeStatus();
  std::vector<size_t> TakeSucceeded();

 private:
  struct State;

  void Add(size_t index, absl::StatusOr<std::string> result);
  void DropCalls();

  std::vector<ByteCall> calls_;
  const std::unique_ptr<State> state_;
};

template <class Reply>
class TypedGathering final : public Gathering {
 public:
  TypedGathering(std::vector<Call<Reply>> calls, const GatherOptions& options)
      : Gathering(BytesOf(calls), options),
        results_(calls.size(), absl::CancelledError("the call was not needed any more")) {
    for (const Call<Reply>& call : calls) encodings_.push_back(call.encoding());
  }

  Outcomes<Reply> Take() {
    return {.status = TakeStatus(), .results = std::move(results_), .succeeded = TakeSucceeded()};
  }

 private:
  static std::vector<ByteCall> BytesOf(std::vector<Call<Reply>>& calls) {
    std::vector<ByteCall> bytes;
    for (Call<Reply>& call : calls) bytes.push_back(std::move(call).Release());
    return bytes;
  }

  absl::Status Keep(size_t index, absl::StatusOr<std::string> result) override {
    results_[index] = Call<Reply>::ResultOf(std::move(result), encodings_[index]);
    if constexpr (std::is_void_v<Reply>) {
      return results_[index];
    } else {
      return results_[index].status();
    }
  }

  std::vector<typename Call<Reply>::Result> results_;
  std::vector<Encoding> encodings_;
};

// Suspends a coroutine until it is settled, and cancels the calls when that is destroyed instead.
class GatheringAwaiter final {
 public:
  explicit GatheringAwaiter(std::shared_ptr<Gathering> gathering)
      : gathering_(std::move(gathering)) {}
  ~GatheringAwaiter() { gathering_->Abandon(); }

  GatheringAwaiter(const GatheringAwaiter&) = delete;
  GatheringAwaiter& operator=(const GatheringAwaiter&) = delete;

  bool await_ready() const { return gathering_->IsSettledAtOnce(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> coroutine) const {
    gathering_->Listen(coroutine, TaskOf(coroutine));
  }
  void await_resume() const {}

 private:
  const std::shared_ptr<Gathering> gathering_;
};

}  // namespace internal

// Waits for several calls at once: all of them, the first that is answered OK, the first few; the
// options say what is enough. `Wait`, `Then` and `co_await` are those of every Task; dropping it
// cancels the calls.
//
//   std::vector<mqrpc::Call<AddReply>> calls;
//   for (Calculator::Stub& stub : stubs) calls.push_back(stub.AddAsync(request));
//
//   auto all = co_await mqrpc::Gather(std::move(calls));
//   auto first = mqrpc::Gather(std::move(calls), {.successes = 1}).Wait();
//   if (first.status.ok()) Use(*first.results[first.succeeded[0]]);
//   mqrpc::Gather(std::move(calls), {.successes = 3, .failures = 2}).Then(
//       [](mqrpc::Outcomes<AddReply> outcomes) { ... });
//
// Of no calls at all, all have succeeded: OK. What cannot come true any more is not waited for:
// without `failures`, the first call of all that fails ends the waiting, and so does the last one
// that the first success could have come from.
template <class Reply>
Task<Outcomes<Reply>> Gather(std::vector<Call<Reply>> calls, GatherOptions options = {}) {
  auto gathering = std::make_shared<internal::TypedGathering<Reply>>(std::move(calls), options);
  co_await internal::GatheringAwaiter(gathering);
  co_return gathering->Take();
}

}  // namespace mqrpc

#endif  // MQRPC_GATHER_H_

#ifndef MQRPC_SERVER_CORE_H_
#define MQRPC_SERVER_CORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "counters.h"
#include "drain_marker.h"
#include "mqrpc/server.h"
#include "mqrpc/service.h"
#include "mqrpc/transport.h"
#include "mutex.h"
#include "repetitions.h"
#include "reply_cache.h"
#include "reply_sender.h"
#include "request_intake.h"
#include "served_call.h"
#include "served_services.h"
#include "server_streams.h"
#include "stop_timers.h"
#include "wire.h"
#include "work_queue.h"

namespace mqrpc::simulation {
class SimDrain;
}

namespace mqrpc::internal {

// The server's end of calls, in bytes: finds the handler, has it run, sends what it answers.
// Requests come in turns of the transport's loop; the handlers' answers from any thread, also after
// the server has gone: hence the shared ownership, and `open_`.
class ServerCore final : public std::enable_shared_from_this<ServerCore>,
                         private ServedServices::Events {
 public:
  ServerCore(Transport& transport, ServerOptions options);

  absl::Status Register(Service& service);
  absl::Status Start(absl::Duration timeout);
  void Shutdown(absl::Duration grace);
  ServerStats stats() const;

  // The answer to one call, whose handler started at `start`, or never: InfiniteFuture. From any
  // thread. Lost if the server is no longer open.
  void Reply(OutgoingReply reply, ReplyCache::Entry* entry, absl::Time start);

  // Likewise, for a call that gets none and has not run.
  void Forget(ReplyCache::Entry* entry);

  // For a call whose handler wants to be told of its deadline; and when it has ended.
  void StopAt(absl::Time deadline, const ServedCall* call, std::stop_source stop);
  void DoNotStop(absl::Time deadline, const ServedCall* call);

  // Runs the task in a turn of the loop, if the server is open then; false if it is not now. Any
  // thread.
  bool PostIfOpen(EventLoop::Task task);

  // The stream of a call does not last longer, or has ended.
  void EndStreamAt(const wire::ReplyAddress& to, absl::Time deadline);
  void RemoveStream(const wire::ReplyAddress& to);

  // Zero once the server has gone.
  absl::Duration TimeSince(absl::Time start);

  size_t max_metadata_size() const { return options_.max_metadata_size; }
  size_t max_message_size() const { return options_.max_message_size; }

  EventLoop& loop() { return transport_.loop(); }

  // A handler starts, after so long a wait for it; and ends without an answer that is wanted,
  // perhaps after the server.
  void NoteStart(absl::Duration waited);
  void NoteEnd(absl::Time start, absl::StatusCode code);

  void Log(LogLevel level, std::string_view line) const { options_.log(level, line); }

 private:
  friend class simulation::SimDrain;  // shuts down in virtual time

  // By another thread than the loop's.
  struct PostedAnswer {
    OutgoingReply reply;
    ReplyCache::Entry* entry;
  };

  void OnRequest(const Entrance& entrance, Message message) override;
  void OnBatch(const Entrance& entrance, Message message) override;
  void OnCancel(const Message& message) override;
  void OnGranted() override;
  void Handle(
      const Entrance& entrance,
      std::string_view service,
      TopicTokens tokens,
      IncomingRequest request);
  void OpenStreams();
  absl::Status OpenStream(ServedCall& call, const ServedMethod& method, bool streams_requests);
  absl::StatusOr<const ServedMethod*> FindMethod(
      const Entrance& entrance,
      std::string_view service,
      std::string_view name) const;
  absl::Status CheckRequest(const ServedMethod& method, const IncomingRequest& request) const;
  void NoteEndLocked(absl::Time start, absl::StatusCode code) MQRPC_REQUIRES(mutex_);
  void AnswerAll();
  void Answer(OutgoingReply reply, ReplyCache::Entry* entry);
  void EndReply();

  // Whether a handler has not answered, or an answer has not been acknowledged.
  bool is_at_work() const MQRPC_REQUIRES(mutex_) {
    return replies_under_way_ > 0 || counters_->running.value() > 0;
  }
  bool is_open() MQRPC_EXCLUDES(mutex_);
  void LeaveServices();
  void Close();

  Transport& transport_;
  const ServerOptions options_;
  const absl::Status status_;  // whether the options are valid
  const std::shared_ptr<ServerCounters> counters_ = std::make_shared<ServerCounters>();
  WorkQueue queue_;

  Mutex mutex_;
  CondVar changed_;  // of the state below
  bool started_ MQRPC_GUARDED_BY(mutex_) = false;
  bool is_closing_ MQRPC_GUARDED_BY(mutex_) = false;
  bool open_ MQRPC_GUARDED_BY(mutex_) = true;              // the transport may be used
  size_t replies_under_way_ MQRPC_GUARDED_BY(mutex_) = 0;  // not yet acknowledged
  std::vector<PostedAnswer> answers_ MQRPC_GUARDED_BY(mutex_);
  bool is_drained_ MQRPC_GUARDED_BY(mutex_) = false;  // no more requests will come

  // Of the loop.
  std::optional<DrainMarker> drain_marker_;
  Repetitions repetitions_;
  StopTimers stop_timers_;
  ServerStreams streams_;
  const std::shared_ptr<ReplySender> reply_sender_;
  ServedServices services_;  // fixed from Start on
  const RequestIntake intake_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_SERVER_CORE_H_

#ifndef MQRPC_CHANNEL_CORE_H_
#define MQRPC_CHANNEL_CORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "call_intake.h"
#include "call_state.h"
#include "counters.h"
#include "mqrpc/channel.h"
#include "mqrpc/transport.h"
#include "mutex.h"
#include "pending_calls.h"
#include "reply_topics.h"
#include "request_sender.h"
#include "retry_budget.h"
#include "thread_pool.h"
#include "wire.h"

namespace mqrpc::internal {

// The client's end of calls, in bytes. Start, StartAndWait, PostCancel and the accessors may be
// called by any thread; everything else happens in turns of the transport's loop, which hold it
// alive: hence the shared ownership.
class ChannelCore final : public std::enable_shared_from_this<ChannelCore>,
                          public RequestSender::Events {
 public:
  ChannelCore(Transport& transport, ChannelOptions options);

  // Subscribes to the reply topic.
  void Open();

  // Refuses new calls, waits for those under way, but no longer than `grace`, and closes.
  void Shutdown(absl::Duration grace);

  // Completes every call, runs their continuations, and never touches the transport again. Returns
  // when that is done.
  void Close();

  std::shared_ptr<CallState> Start(NewCall call);

  // Starts one and waits for its reply, doing the loop's work meanwhile if it is the only one.
  CallState::Result StartAndWait(NewCall call);

  std::shared_ptr<QueryState> MakeQuery(const QueryOptions& options);
  std::shared_ptr<CallStream> MakeStream(const Method& method);

  // Runs the task in a turn of the loop unless the channel is closed by then.
  void PostIfOpen(EventLoop::Task task);

  // The stream of the call cannot go on. In a turn of the loop.
  void EndStream(CallId id, const absl::Status& why);

  void PostCancel(CallId id);

  bool InLoop() const { return transport_.loop().InLoop(); }
  const absl::Status& status() const { return status_; }
  const ChannelOptions& options() const { return options_; }
  ChannelStats stats() const;

 private:
  CallIntake::Arrival Arrive(NewCall call);
  void PostAdmission();
  void NoteDrained();
  void Cancel(CallId id, const char* why);
  void AdmitArrived();
  void Admit(std::unique_ptr<PendingCall> call);
  void OnSent(PendingCall& call) override;
  void OnAck(CallId id, uint32_t sending, const absl::StatusOr<ReasonCode>& ack) override;
  void OnUnsendable(CallId id, absl::Status status) override;
  void OnAccepted(PendingCall& call);
  void OnReply(Message message);
  void OnReply(std::string_view correlation, size_t size, wire::Reply reply);
  void OnAnswer(PendingCall& call, wire::Reply reply);
  void OnPart(Message message);
  void OnStreamAlarm(PendingCall& call);
  void OnMetadata(PendingCall& call, const ReplyMetadata& metadata, CallState::Result& result);
  bool MayRepeat(PendingCall& call, const absl::Status& refusal);
  void BackOff(PendingCall& call, absl::Status refusal);
  void OnLoss(PendingCall& call, const absl::Status& lost);
  void Repeat(PendingCall& call);
  void OnReplyTopic(const ReplyTopic& topic, const absl::Status& status);
  void OnTimer();
  void OnAlarm(PendingCall& call);
  void ArmTimer();
  void End(CallId id, CallState::Result result);
  void Complete(PendingCall& call, CallState::Result result);
  void RunContinuations();

  Transport& transport_;
  const ChannelOptions options_;
  const absl::Status status_;  // whether the options are valid
  const std::function<uint64_t()> random_;
  const uint64_t nonce_;
  const std::shared_ptr<ThreadPool> own_executor_;  // null if the user gave one
  const std::shared_ptr<Executor> executor_;
  ChannelCounters counters_;
  CallIntake intake_;

  std::atomic<bool> is_shut_down_ = false;  // no calls are taken any more
  Mutex mutex_;
  CondVar changed_;
  bool is_drained_ MQRPC_GUARDED_BY(mutex_) = false;  // no calls are under way either

  // Of the loop.
  PendingCalls pending_;
  ReplyTopics reply_topics_;
  const std::shared_ptr<RequestSender> sender_;
  RetryBudget budget_;
  std::vector<std::shared_ptr<CallState>> completed_;  // those with continuations, not run yet
  absl::Time timer_at_ = absl::InfiniteFuture();
  EventLoop::TimerId timer_ = 0;
  bool closed_ = false;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CHANNEL_CORE_H_

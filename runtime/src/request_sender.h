#ifndef MQRPC_REQUEST_SENDER_H_
#define MQRPC_REQUEST_SENDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/channel.h"
#include "mqrpc/transport.h"
#include "pending_calls.h"
#include "reply_topics.h"
#include "routes.h"
#include "wire.h"

namespace mqrpc::internal {

// Brings the requests of a channel's calls to the network: in the windows of their services, by
// their routes, with the topic for their replies. A route has one message announced to the
// transport at most; which calls it is of is settled when it leaves: those that wait then may share
// it, if the service takes batches. All in turns of the loop. Shared with the transport's
// callbacks, which may come after Close.
class RequestSender final : public std::enable_shared_from_this<RequestSender> {
 public:
  class Events {
   public:
    virtual ~Events() = default;

    // The request leaves; the call is in stage kSent.
    virtual void OnSent(PendingCall& call) = 0;
    // What became of it, by the number of the sending.
    virtual void OnAck(CallId id, uint32_t sending, const absl::StatusOr<ReasonCode>& ack) = 0;
    // It cannot be sent: the call is to end.
    virtual void OnUnsendable(CallId id, absl::Status status) = 0;
  };

  // All arguments live until Close.
  RequestSender(
      Transport& transport,
      const ChannelOptions& options,
      uint64_t nonce,
      PendingCalls& pending,
      ReplyTopics& reply_topics,
      Events& events);

  // A new call: sends its first request when there is room in the window.
  void Admit(PendingCall& call);
  // Sends a request of it, which is not its first.
  void Send(PendingCall& call);
  // Takes back what has not left.
  void Withdraw(PendingCall& call);
  // A reply to it has come, which may say that its service takes batches.
  void NoteReply(PendingCall& call, uint32_t most_in_batch);
  // Its time, or that of an attempt of it, is up.
  void NoteExpiry(PendingCall& call);
  // The connection was lost.
  void ForgetBatches() { routes_.ForgetBatches(); }
  // Tells the servers that nobody waits for it any more, if one of them may be at it.
  void Cancel(const PendingCall& call);
  // The call has ended; another may have its place in the window.
  void Remove(PendingCall& call);

  // No event comes any more.
  void Close();

  // For a place in a window. Any thread.
  size_t calls_waiting() const { return routes_.calls_waiting(); }

 private:
  // What left in one message, for its acknowledgement.
  struct Sent {
    struct Call {
      CallId id;
      uint32_t sending;
    };
    bool is_composed = false;
    absl::InlinedVector<Call, 1> calls = {};
    size_t bytes = 0;  // of their payloads
  };
  using Taken = absl::InlinedVector<PendingCall*, 1>;

  void Queue(PendingCall& call);
  void Announce(const std::shared_ptr<Route>& route);
  std::optional<Message> Compose(const std::shared_ptr<Route>& route, Sent& sent);
  Taken Take(Route& route, absl::Time now);
  static bool MayJoin(const PendingCall& call, const PendingCall& first);
  size_t MostTogether(const Route& route) const;
  Message Encode(Route& route, const Taken& calls, size_t bytes, absl::Time now);
  Message EncodeAlone(PendingCall& call, absl::Time now);
  bool TakeReplyTopic(PendingCall& call);
  void PrepareReplyTopic(CallId id);
  void OnAck(Route& route, const Sent& sent, const absl::StatusOr<ReasonCode>& ack);
  void OnNoRoom(Route& route, const absl::Status& status);
  void SendAgain(Route& route, const Sent& sent, const absl::StatusOr<ReasonCode>& refusal);
  void StopBatches(CalledService& service);
  void LeaveBatch(PendingCall& call);

  Transport& transport_;
  const size_t max_batch_calls_;
  const uint64_t nonce_;
  PendingCalls& pending_;
  ReplyTopics& reply_topics_;
  Events* events_;  // null once closed
  Routes routes_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_REQUEST_SENDER_H_

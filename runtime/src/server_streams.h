#ifndef MQRPC_SERVER_STREAMS_H_
#define MQRPC_SERVER_STREAMS_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/executor.h"
#include "mqrpc/server.h"
#include "mqrpc/transport.h"
#include "stream_end.h"
#include "wire.h"

namespace mqrpc::internal {

// The server's ends of its streams, and the topic where their callers write. In turns of the loop,
// but for count().
class ServerStreams {
 public:
  // What it asks of its server.
  struct Owner {
    std::function<void(EventLoop::Task)> post = nullptr;  // as OutgoingStream::Owner's
    // A caller is gone, or its stream cannot go on: its handler is to be told.
    std::function<void(const wire::ReplyAddress&)> on_lost = nullptr;
    // Answers a caller that writes to a stream which is not, or no more, here.
    std::function<void(wire::ReplyAddress, absl::Status)> answer = nullptr;
  };

  // All outlive it.
  ServerStreams(Transport& transport, const ServerOptions& options);

  // `executor` runs what waits for messages and room.
  void Open(std::string topic, std::shared_ptr<Executor> executor, Owner owner);

  // What one stream is like.
  struct Opening {
    const wire::ReplyAddress& to;
    absl::Time deadline;
    std::optional<wire::Credit> credit;
    size_t max_message_size;
  };

  // Its caller is told at once where to write. RESOURCE_EXHAUSTED if there are too many.
  absl::StatusOr<std::shared_ptr<StreamEnd>> Add(const Opening& opening);
  void SetDeadline(const wire::ReplyAddress& to, absl::Time deadline);
  void Remove(const wire::ReplyAddress& to);

  // The caller waits no more.
  void Cancel(const wire::ReplyAddress& to);

  // All of them end so.
  void EndAll(const absl::Status& why);

  // The transport is not used any more.
  void Close();

  // Any thread.
  size_t count() const { return count_; }

 private:
  using Name = std::pair<std::string, std::string>;  // reply topic and correlation data
  struct Stream {
    std::shared_ptr<StreamEnd> end;
    EventLoop::TimerId deadline = 0;
  };

  static Name NameOf(const wire::ReplyAddress& to);
  std::shared_ptr<StreamEnd> Find(const wire::ReplyAddress& to) const;
  void Lose(const wire::ReplyAddress& to, const absl::Status& why);
  void OnMessage(Message message);
  void OnState(const absl::Status& state);
  void ArmBeat();
  void Beat();

  Transport& transport_;
  const ServerOptions& options_;
  std::string topic_;
  std::shared_ptr<Executor> executor_;
  Owner owner_;
  Transport::SubscriptionId subscription_ = 0;
  absl::Status status_;  // of the subscription
  absl::flat_hash_map<Name, Stream> streams_;
  EventLoop::TimerId beat_ = 0;
  std::atomic<size_t> count_ = 0;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_SERVER_STREAMS_H_

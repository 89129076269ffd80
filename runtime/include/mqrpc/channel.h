#ifndef MQRPC_CHANNEL_H_
#define MQRPC_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/byte_stream.h"
#include "mqrpc/call.h"
#include "mqrpc/call_options.h"
#include "mqrpc/executor.h"
#include "mqrpc/interceptor.h"
#include "mqrpc/log.h"
#include "mqrpc/message.h"
#include "mqrpc/method.h"
#include "mqrpc/query.h"
#include "mqrpc/stats.h"
#include "mqrpc/topic_tokens.h"
#include "mqrpc/transport.h"

namespace mqrpc {

// What a channel does with the Response Information that a broker may give to a connection which
// asks for it (MosquittoOptions::request_response_information): the root of response topics that
// its user may subscribe to (MQTT 5 section 4.10.1).
enum class ResponseInformation {
  kIgnore,   // replies go to `{reply_prefix}/clients/{client id}/replies`
  kUse,      // below it, where it was given: `{it}/{client id}/replies`
  kRequire,  // without it calls are answered FAILED_PRECONDITION
};

struct ChannelOptions {
  // Where the services are: topics begin with it. One or more levels of 1 to 128 bytes joined by
  // `/`, without wildcards, not beginning with `$`. A tenant is a prefix such as `tenants/acme`.
  std::string prefix = "mqrpc";

  // Where replies go: `{reply_prefix}/clients/{client id}/replies`. Empty: `prefix`.
  std::string reply_prefix = {};

  // What the `{tokens}` of `option (mqrpc.topic)` stand for, where a call does not say.
  TopicTokens topic_tokens = {};

  // The following five are for calls that do not say otherwise, and whose .proto does not.
  //
  // How long a call may take: more than 0, at most 2^31-1 ms.
  absl::Duration timeout = absl::Seconds(30);

  // How requests, and so their replies, are sent. At kAtMostOnce and kExactlyOnce a call to nobody
  // is not told so and runs into its deadline.
  QoS qos = QoS::kAtLeastOnce;

  bool wait_for_ready = false;
  RetryPolicy retry = {};

  // What requests, and so their replies, are as bytes. JSON is for services of those who have no
  // protobuf; such calls have a message each.
  Encoding encoding = Encoding::kProtobuf;

  // Retries for every hundred calls that are answered OK, and how many may be saved up: so that an
  // outage is not answered with a storm. Not counted are those that CallOptions does not count as
  // attempts.
  int retries_per_hundred_calls = 10;
  int max_saved_retries = 100;

  ResponseInformation response_information = ResponseInformation::kUse;

  // Calls whose result has not been taken; one more is answered RESOURCE_EXHAUSTED.
  size_t max_outstanding_calls = 100'000;

  // Bytes of the requests of calls that have not ended; a call that would exceed it is answered
  // RESOURCE_EXHAUSTED, unless it is the only one.
  size_t max_request_bytes = 256 << 20;

  // Of one request or reply, serialised. A larger request is answered RESOURCE_EXHAUSTED unsent,
  // and so is a call with a larger reply, after it has run. The broker's Maximum Packet Size (MQTT
  // 5 section 3.2.2.3.6) counts as well.
  size_t max_message_size = 4 << 20;

  // Of the metadata of one request or reply, names and values; more is answered RESOURCE_EXHAUSTED.
  size_t max_metadata_size = 8 << 10;

  // Of each stream, replies that may wait to be read and be on their way, and bytes of them: its
  // server sends no more. So many requests may wait to leave, too, besides what the server lets
  // come, up to 1 MiB.
  size_t max_unread_messages = 1'000;
  size_t max_unread_bytes = 1 << 20;

  // Requests to one service that are sent and not answered; further ones wait in the channel, where
  // they can still expire and be cancelled. A broker queues only so many messages for a server that
  // is slower than its callers, 1,000 for a stock Mosquitto, and silently drops more. For thousands
  // of slow calls at once raise both, this and the broker's `max_queued_messages`.
  size_t max_unanswered = 1'000;

  // Calls that wait to leave for one method share a message, at most so many; none ever waits for
  // company. Only with servers that say that they take such messages, and none larger than 128 KiB.
  // The more calls are under way, the more share one, up to a quarter of them, so that the servers
  // of a group still divide the work. 1: each call has a message of its own.
  size_t max_batch_calls = 64;

  // Where `Call::Then` runs continuations and coroutines resume, unless they have one of their own;
  // must outlive the channel and its calls. Null: one thread that the channel owns, started when it
  // is first needed.
  Executor* executor = nullptr;

  // Asked about every call, the first first; they must outlive the channel.
  std::vector<ClientInterceptor*> interceptors = {};

  LogSink log = LogToStderr;

  // Eight unpredictable bytes a call; null: the system's. For tests that repeat themselves.
  std::function<uint64_t()> random = nullptr;
};

namespace internal {
class ChannelCore;
}

// What generated stubs call through: the client's end of all calls over one connection. Subscribes
// to its reply topic once, and sends no request before the broker has granted that. Stubs are
// cheap; channels are meant to be few and to live long.
//
//   mqrpc::Channel channel(*transport, {.timeout = absl::Seconds(5)});
//   Calculator::Stub calculator(channel);
//
// Thread-safe. The transport must outlive it. Destroying the channel completes every call that is
// under way with CANCELLED, runs the continuations that are due, and then returns; inside one of
// its own continuations it does not wait for the others.
class Channel {
 public:
  explicit Channel(Transport& transport, ChannelOptions options = {});
  ~Channel();

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Takes no more calls, which are answered FAILED_PRECONDITION, and returns when those under way
  // have completed and their continuations have run. What has not completed within `grace` ends
  // CANCELLED. On the connection's own thread it cannot wait, and cancels at once.
  void Shutdown(absl::Duration grace = absl::Seconds(5));

  // INVALID_ARGUMENT naming the option that is wrong; every call answers it then.
  const absl::Status& status() const;

  ChannelStats stats() const;

  // For generated code. The request is serialised before this returns.
  template <class Reply>
  Call<Reply> Start(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const CallOptions& options = {}) {
    return Call<Reply>(StartBytes(method, request, options));
  }

  // Likewise, and waits for the call.
  template <class Reply>
  absl::StatusOr<Reply> StartAndWait(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const CallOptions& options = {}) {
    Encoding encoding = EncodingOf(options);  // the channel may be gone when the call has ended
    return Parse<Reply>(WaitForBytes(method, request, options), encoding);
  }

  // As Start, of a method that all servers answer.
  template <class Reply>
  Query<Reply> Ask(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const QueryOptions& options = {}) {
    auto [call, answers] = AskBytes(method, request, options);
    return Query<Reply>(std::move(call), std::move(answers));
  }

  // As Start, of a streaming method: a ClientReader, with its request, or a ClientWriter or
  // ClientReaderWriter.
  template <class Stream>
  Stream StartStream(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const CallOptions& options = {}) {
    auto [call, stream] = StreamBytes(method, &request, options);
    return Stream(std::move(call), stream);
  }
  template <class Stream>
  Stream StartStream(const Method& method, const CallOptions& options = {}) {
    auto [call, stream] = StreamBytes(method, nullptr, options);
    return Stream(std::move(call), stream);
  }

  // As Start, asking for no reply.
  Call<void> Notify(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const CallOptions& options = {});

 private:
  Encoding EncodingOf(const CallOptions& options) const;
  internal::ByteCall StartBytes(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const CallOptions& options);
  std::pair<internal::ByteCall, std::shared_ptr<internal::AnswerQueue>> AskBytes(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const QueryOptions& options);
  std::pair<internal::ByteCall, std::shared_ptr<internal::ByteStream>> StreamBytes(
      const Method& method,
      const google::protobuf::MessageLite* request,
      const CallOptions& options);
  absl::StatusOr<std::string> WaitForBytes(
      const Method& method,
      const google::protobuf::MessageLite& request,
      const CallOptions& options);

  // Shared with the turns of the loop that are still to come when the channel goes.
  std::shared_ptr<internal::ChannelCore> core_;
};

}  // namespace mqrpc

#endif  // MQRPC_CHANNEL_H_

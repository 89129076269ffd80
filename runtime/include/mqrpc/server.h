#ifndef MQRPC_SERVER_H_
#define MQRPC_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/interceptor.h"
#include "mqrpc/log.h"
#include "mqrpc/service.h"
#include "mqrpc/stats.h"
#include "mqrpc/topic_tokens.h"
#include "mqrpc/transport.h"

namespace mqrpc {

struct ServerOptions {
  // Under which topics the services are served, each as in ChannelOptions: several tenants, for
  // example, whose handlers see which (ServerContext::prefix).
  std::vector<std::string> prefixes = {"mqrpc"};

  // Servers of one group share the calls: the broker gives each call to one of them in turn. One
  // topic level of 1 to 128 bytes.
  std::string group = "mqrpc";

  // Names by which this server can be called itself (CallOptions::instance): its own, or those of
  // the devices that it stands for. Each is one topic level of 1 to 128 bytes, and nobody else's:
  // of two processes with one name, either gets a call.
  std::vector<std::string> instances = {};

  // What the `{tokens}` of `option (mqrpc.topic)` stand for; those that are not here may be
  // anything, which handlers see (ServerContext::topic_token).
  TopicTokens topic_tokens = {};

  // Threads that run handlers; 1 to 1,000. 0: handlers run on the connection's own thread, which is
  // the quickest way for handlers that never block, and stops everything for those that do.
  size_t workers = 4;

  // Calls that handlers have and have not answered, which those of AsyncService and CoService may
  // be many of; one more is answered RESOURCE_EXHAUSTED.
  size_t max_running_calls = 100'000;

  // Calls waiting for a worker; one more is answered RESOURCE_EXHAUSTED.
  size_t max_queued_calls = 10'000;

  // Bytes of the requests of such calls; one that would exceed it is answered RESOURCE_EXHAUSTED.
  size_t max_queued_bytes = 256 << 20;

  // Streams that are open; one more is answered RESOURCE_EXHAUSTED. Their handlers have threads of
  // their own, not those of `workers`, since they may wait for their callers.
  size_t max_streams = 1'000;

  // Of each stream, requests that may wait to be read and be on their way, and bytes of them: its
  // caller sends no more. So many replies may wait to leave, too, besides what the caller lets
  // come, up to 1 MiB.
  size_t max_unread_messages = 1'000;
  size_t max_unread_bytes = 1 << 20;

  // Whether to take several calls in one message, from callers that ask, and to answer alike.
  bool takes_batches = true;

  // Of one request or reply, serialised. A larger request is answered RESOURCE_EXHAUSTED unrun; a
  // larger reply is replaced by that.
  size_t max_message_size = 4 << 20;

  // Of the metadata of one request or reply, names and values. A request with more is answered
  // RESOURCE_EXHAUSTED unrun.
  size_t max_metadata_size = 8 << 10;

  // Replies that are kept to answer a request that is delivered or sent again, for as long as its
  // caller waits (120 s if that is not known). If there is no more room, what would be kept for the
  // shortest time goes, that of idempotent methods first. 0 entries: none, and a request that comes
  // twice runs twice.
  size_t max_kept_replies = 100'000;
  size_t max_kept_reply_bytes = 64 << 20;

  // Where replies may be sent: a request whose response topic is none of these and not below one of
  // them (`acme` allows `acme` and `acme/…`) is refused unrun. Empty: anywhere that is safe, see
  // docs/protocol.md.
  std::vector<std::string> reply_prefixes = {};

  // Whether to say that it is there, for a Directory, where its connection says so
  // (MosquittoOptions::presence_prefix).
  bool announces = true;

  // Asked about every call that a handler is about to get, the first first; they must outlive the
  // server and its calls.
  std::vector<ServerInterceptor*> interceptors = {};

  LogSink log = LogToStderr;
};

namespace internal {
class ServerCore;
}

// Serves services over one connection, with a shared subscription for each of them.
//
//   MyCalculator calculator;
//   mqrpc::Server server(*transport);
//   if (absl::Status status = server.Register(calculator); !status.ok()) ...
//   if (absl::Status status = server.Start(); !status.ok()) ...
//   // calls are answered from here on, until Shutdown() or destruction
//
// Handlers run on the server's workers, several at once: a service is to be thread-safe. What they
// throw is logged, and answered INTERNAL. Thread-safe. The transport and the services must outlive
// it.
class Server {
 public:
  explicit Server(Transport& transport, ServerOptions options = {});
  ~Server();  // Shutdown()

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before Start. ALREADY_EXISTS if a service of that name is registered; INVALID_ARGUMENT if the
  // topic of one of its methods is wrong, or a request there could be one to another method too.
  absl::Status Register(Service& service);

  // Subscribes, and returns when the broker has granted it all or `limit` has passed. Errors:
  //   INVALID_ARGUMENT     an option is wrong, which the message names; or the connection keeps a
  //                        session, which is for clients only
  //   FAILED_PRECONDITION  started already, or shut down
  //   PERMISSION_DENIED    the broker refuses a subscription
  //   UNAVAILABLE          the connection was lost
  //   DEADLINE_EXCEEDED    the broker has not answered
  // On the connection's own thread it cannot wait, and returns at once.
  absl::Status Start(absl::Duration limit = absl::Seconds(10));

  // Takes no more calls, finishes those that it has, also those that the broker had queued for it,
  // and sends their replies; it knows that these are all by a message to itself, without the right
  // to which (docs/protocol.md, "Topics") it takes the whole `grace`. After `grace` it waits no
  // more: calls whose turn has not come are answered UNAVAILABLE, which says that they did not run.
  // Only handlers that have not returned are waited for as long as they take, since they use the
  // service; their replies then get another second at most. What a Responder or a coroutine answers
  // later still is dropped. Not from a handler.
  void Shutdown(absl::Duration grace = absl::Seconds(5));

  ServerStats stats() const;

 private:
  // Shared with calls that are still being answered when the server goes.
  std::shared_ptr<internal::ServerCore> core_;
};

}  // namespace mqrpc

#endif  // MQRPC_SERVER_H_

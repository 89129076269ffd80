#ifndef MQRPC_CALL_OPTIONS_H_
#define MQRPC_CALL_OPTIONS_H_

#include <memory>
#include <optional>
#include <stop_token>

#include "absl/time/time.h"
#include "mqrpc/message.h"
#include "mqrpc/metadata.h"
#include "mqrpc/serialize.h"
#include "mqrpc/server_context.h"
#include "mqrpc/shared_text.h"
#include "mqrpc/topic_tokens.h"

namespace mqrpc {

// When a call is sent again. All its attempts are one call to a server: they share the correlation
// data and the deadline, and a server that has run it answers from its cache.
//
// A request that may have reached a server is sent again only if its method is declared with
// `option idempotency_level` in the .proto, since another server of the group cannot know that it
// ran. One that certainly did not run, because a server refused it unrun, may be sent again
// whatever its method is. As gRFC A6 has it, waits between attempts double, and are shortened at
// random.
struct RetryPolicy {
  // The first one included; 1: never again. Attempts that a lost connection or the wait for a
  // server has cost do not count.
  int max_attempts = 5;

  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);

  // How long one attempt waits for its reply before the next is made.
  absl::Duration attempt_timeout = absl::InfiniteDuration();
};

// What one call wants otherwise than its method in the .proto does, or else its channel.
//
//   calculator.Add(request, {.timeout = absl::Seconds(2)});
//   calculator.Add(request, mqrpc::CallOptions::From(context));   // inside a handler
// (It has no member that refers to itself, as strings do: g++ 12 copies what is written with braces
// in a `co_await` byte by byte.)
struct CallOptions {
  // From now on, and over everything: connecting, queueing, sending, running, answering.
  std::optional<absl::Duration> timeout = {};
  std::optional<QoS> qos = {};

  // Whether a call that nobody serves at present waits, up to its deadline, for a server to come.
  // If not, it is UNAVAILABLE at once.
  std::optional<bool> wait_for_ready = {};

  // False: it travels in a message of its own, also while others wait beside it
  // (ChannelOptions::max_batch_calls). True unless the method says otherwise.
  std::optional<bool> shares_messages = {};
  std::optional<RetryPolicy> retry = {};
  std::optional<Encoding> encoding = {};

  // Which server the call is for, by one of its ServerOptions::instances; empty: whichever is free.
  //
  //   valve.Open(request, {.instance = "boiler-7"});
  //
  // Such calls have a message each. If nobody has that name, the call is UNAVAILABLE; if it has not
  // got the service, UNIMPLEMENTED.
  SharedText instance = {};

  // For a method that has a topic of its own (`option (mqrpc.topic)`): what its `{tokens}` stand
  // for, before ChannelOptions::topic_tokens. A call that names an instance does not use it.
  TopicTokens topic_tokens = {};

  // Travel with the request; its handler has them as ServerContext::headers().
  Metadata headers = {};

  // Where to put what comes beside the reply: before the call completes, and not after.
  //
  //   auto metadata = std::make_shared<mqrpc::ReplyMetadata>();
  //   absl::StatusOr<AddReply> reply = calculator.Add(request, {.reply_metadata = metadata});
  //   const std::string* revision = metadata->headers.Find("revision");
  std::shared_ptr<ReplyMetadata> reply_metadata = nullptr;

  // Cancels the call when it is asked to stop, as its handle would.
  std::stop_token stop_token = {};

  // For a call that is a part of another, which a handler of this process answers: it ends when
  // that one does, by its deadline or a cancel, and belongs to the same trace (W3C Trace Context:
  // `traceparent`, `tracestate`).
  static CallOptions From(const ServerContext& context);
};

}  // namespace mqrpc

#endif  // MQRPC_CALL_OPTIONS_H_

#ifndef MQRPC_SERVER_CONTEXT_H_
#define MQRPC_SERVER_CONTEXT_H_

#include <algorithm>
#include <cstddef>
#include <stop_token>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/metadata.h"
#include "mqrpc/topic_tokens.h"

namespace mqrpc {

struct CallOptions;

namespace internal {

class ServedCall;

// What was called, and how. The texts live as long as the call.
struct CallPlace {
  std::string_view method = {};
  std::string_view prefix = {};
  std::string_view instance = {};
  TopicTokens topic_tokens = {};
  bool wants_reply = false;
  bool is_broadcast = false;
};

// What a context asks of its call.
class CallControl {
 public:
  virtual bool IsCancelled() = 0;
  virtual std::stop_token StopToken() = 0;
  // Which the deadline may not stop.
  virtual std::stop_token CancelToken() = 0;
  virtual size_t max_metadata_size() const = 0;
  // One was added.
  virtual void OnHeader() = 0;

 protected:
  ~CallControl() = default;
};

}  // namespace internal

// What a handler can know about the call that it answers, besides the request. Lives as long as the
// call. One thread at a time.
class ServerContext {
 public:
  // Not of users: what it refers to must outlive it.
  ServerContext(
      const EventLoop& clock,
      absl::Time deadline,
      internal::CallPlace place,
      Metadata headers,
      internal::CallControl& call)
      : clock_(clock),
        deadline_(deadline),
        place_(std::move(place)),
        headers_(std::move(headers)),
        call_(call) {}

  // How long the caller will still wait; zero when it has given up; InfiniteDuration if it named no
  // limit, which plain MQTT tools may do.
  absl::Duration TimeRemaining() const {
    if (deadline_ == absl::InfiniteFuture()) return absl::InfiniteDuration();
    return std::max(absl::ZeroDuration(), deadline_ - clock_.Now());
  }

  // What came with the request: CallOptions::headers, or the user properties of a plain MQTT tool,
  // names in lower case. Those that could not be metadata are left out.
  const Metadata& headers() const { return headers_; }

  // Adds to what goes with the answer, be it a reply or a status. INVALID_ARGUMENT naming what is
  // wrong, RESOURCE_EXHAUSTED beyond ServerOptions::max_metadata_size. In a unary call headers and
  // trailers arrive together.
  absl::Status AddHeader(std::string_view name, std::string_view value);
  absl::Status AddTrailer(std::string_view name, std::string_view value);

  // Whether nobody waits for the answer any more: the caller has cancelled the call or dropped its
  // handle, or its time is up. A long handler asks now and then, and ends; whatever it answers then
  // goes nowhere. What a caller cancels without correlation data, which plain MQTT tools may send,
  // is not told.
  bool IsCancelled() const { return call_.IsCancelled(); }

  // Likewise, for those who wait or want to be told:
  //
  //   std::stop_callback wake(context.stop_token(), [&] { valve_.Abort(); });
  //   condition.wait(lock, context.stop_token(), [&] { return valve_.is_open(); });
  //
  // A callback runs on the connection's own thread, and must not block. The token may outlive the
  // call.
  std::stop_token stop_token() { return call_.StopToken(); }

  // Leaves the call to others: what a handler returns that has nothing to say. A question to all
  // servers is then not answered from here; of any other call the caller is told UNAVAILABLE, and,
  // as it did not run, may have it sent to another server. What was answered besides is dropped.
  //
  //   if (!knows(request.name())) return context.Decline("not one of ours");
  absl::Status Decline(std::string_view why = "");

  // Whether all servers were asked.
  bool is_broadcast() const { return place_.is_broadcast; }

  // `acme.Thermostat/SetTarget`; lives as long as the call.
  std::string_view method() const { return place_.method; }

  // Which of ServerOptions::instances the caller has named; empty if it named none. Lives as long
  // as the call.
  std::string_view instance() const { return place_.instance; }

  // Under which of ServerOptions::prefixes it was called. Lives as long as the call.
  std::string_view prefix() const { return place_.prefix; }

  // What a token stands for in the topic of a method that has its own: `plant` of `{plant}`,
  // `request.valve` of `{request.valve}`. Empty if there is no such. Lives as long as the call.
  std::string_view topic_token(std::string_view name) const;
  const TopicTokens& topic_tokens() const { return place_.topic_tokens; }

  // False for fire and forget: the request named no response topic, and the result goes nowhere.
  bool wants_reply() const { return place_.wants_reply; }

 private:
  friend class internal::ServedCall;
  friend struct CallOptions;

  absl::Status Add(Metadata& metadata, std::string_view name, std::string_view value);

  const EventLoop& clock_;
  absl::Time deadline_;
  const internal::CallPlace place_;
  Metadata headers_;
  ReplyMetadata reply_metadata_;
  bool is_declined_ = false;
  internal::CallControl& call_;
};

}  // namespace mqrpc

#endif  // MQRPC_SERVER_CONTEXT_H_

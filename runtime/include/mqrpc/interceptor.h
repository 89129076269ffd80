#ifndef MQRPC_INTERCEPTOR_H_
#define MQRPC_INTERCEPTOR_H_

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/call_options.h"
#include "mqrpc/metadata.h"
#include "mqrpc/method.h"
#include "mqrpc/server_context.h"

namespace mqrpc {

// How an intercepted call ends: what those who called AtEnd see, and may change.
struct CallEnd {
  absl::StatusOr<std::string>& result;  // the reply as it travels, or the status
  ReplyMetadata& metadata;
  absl::Duration elapsed;  // since the call started; on a server, since its handler did
};

// What interceptors of both sides do with a call.
class InterceptedCall {
 public:
  using EndHook = absl::AnyInvocable<void(CallEnd&)>;

  // Ends the call with this: whoever comes after this interceptor never sees it. The reply is
  // serialised, as the request is.
  void Answer(absl::StatusOr<std::string> result) { answer_ = std::move(result); }

  // Runs `hook` when the call has ended, before whoever waits for the end learns of it; those that
  // were registered later come first. It must not block: it may run on the connection's own thread.
  void AtEnd(EndHook hook) { hooks_.push_back(std::move(hook)); }

  // Not of users.
  const std::optional<absl::StatusOr<std::string>>& answer() const { return answer_; }
  std::vector<EndHook> TakeHooks() && { return std::move(hooks_); }

 protected:
  InterceptedCall() = default;
  ~InterceptedCall() = default;

 private:
  std::optional<absl::StatusOr<std::string>> answer_;
  std::vector<EndHook> hooks_;
};

// A call that is about to start. As long as Intercept.
class OutgoingCall final : public InterceptedCall {
 public:
  // Not of users.
  OutgoingCall(const Method& method, CallOptions options, const std::string& request)
      : method_(method), options_(std::move(options)), request_(request) {}

  const Method& method() const { return method_; }

  // What the call wants otherwise than its method and its channel: may be changed.
  CallOptions& options() { return options_; }

  // As it will travel.
  const std::string& request() const { return request_; }

 private:
  const Method& method_;
  CallOptions options_;
  const std::string& request_;
};

// Stands between the stubs of a channel and the network, for every call of it
// (ChannelOptions::interceptors): sees and changes its options, answers it instead, watches its
// end.
//
//   class Authenticate final : public mqrpc::ClientInterceptor {
//     void Intercept(mqrpc::OutgoingCall& call) override {
//       call.options().headers.Add("authorization", token_.Get());
//       call.AtEnd([this](mqrpc::CallEnd& end) {
//         if (absl::IsUnauthenticated(end.result.status())) token_.Renew();
//       });
//     }
//   };
//
// Of several the first is the outermost: it is asked first, and sees the end last. Thread-safe:
// Intercept runs on the threads that make calls. Must outlive the channel.
class ClientInterceptor {
 public:
  virtual ~ClientInterceptor() = default;
  virtual void Intercept(OutgoingCall& call) = 0;
};

// A call whose handler is about to run. As long as Intercept.
class IncomingCall final : public InterceptedCall {
 public:
  // Not of users.
  IncomingCall(ServerContext& context, Metadata& headers, std::string_view request)
      : context_(context), headers_(headers), request_(request) {}

  ServerContext& context() { return context_; }

  // What the handler will find in its context: may be changed.
  Metadata& headers() { return headers_; }

  // As it has travelled.
  std::string_view request() const { return request_; }

  // The handler is told that no more than this remains. Never makes it later.
  void LimitTime(absl::Duration limit) { limit_ = std::min(limit_, limit); }
  absl::Duration limit() const { return limit_; }

 private:
  ServerContext& context_;
  Metadata& headers_;
  std::string_view request_;
  absl::Duration limit_ = absl::InfiniteDuration();
};

// Stands between the network and the handlers of a server (ServerOptions::interceptors): as
// ClientInterceptor, for every call that a handler is about to get. Those that are refused before,
// or answered from memory since they are repetitions, it does not see.
//
//   class Authorise final : public mqrpc::ServerInterceptor {
//     void Intercept(mqrpc::IncomingCall& call) override {
//       const std::string* token = call.headers().Find("authorization");
//       if (token == nullptr) return call.Answer(absl::UnauthenticatedError("who are you?"));
//       call.headers().Add("user", UserOf(*token));
//     }
//   };
//
// Intercept runs where the handler will, and may block as that may; the end is seen on the thread
// that answers the call, which may be after the server has gone. Must outlive the server and its
// calls.
class ServerInterceptor {
 public:
  virtual ~ServerInterceptor() = default;
  virtual void Intercept(IncomingCall& call) = 0;
};

}  // namespace mqrpc

#endif  // MQRPC_INTERCEPTOR_H_

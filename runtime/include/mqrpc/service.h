#ifndef MQRPC_SERVICE_H_
#define MQRPC_SERVICE_H_

#include <coroutine>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "mqrpc/method.h"
#include "mqrpc/responder.h"
#include "mqrpc/server_call.h"
#include "mqrpc/server_context.h"
#include "mqrpc/task.h"

namespace mqrpc {

// Takes a call over. Runs on a worker of the server and may block, unless RunsOn says otherwise.
using Handler = std::function<void(std::unique_ptr<ServerCall>)>;

struct HandledMethod {
  Method method = {};
  Handler handler = nullptr;
};

struct ServiceDescriptor {
  std::string name = {};  // with its package: `acme.Thermostat`
  std::vector<HandledMethod> methods = {};
};

// What generated skeletons derive from, of each of the three styles; users derive from those and
// override their methods.
//   Service       handlers answer by returning, and may block
//   AsyncService  handlers answer later, from any thread, through a Responder
//   CoService     handlers are coroutines; what they await does not hold up a thread
// All of them start on a worker, or where RunsOn says. Server::Shutdown waits for those that answer
// later too, but no longer than its grace: after that their answers are dropped. A service must
// outlive its coroutines.
class Service {
 public:
  virtual ~Service() = default;

  // For generated code and Server::Register. The handlers refer to this object.
  virtual ServiceDescriptor mqrpc_descriptor() = 0;
};

// The answer of an RPC that a service does not override; to a question to all servers there is
// none.
absl::Status UnimplementedMethod(ServerContext& context);

namespace internal {

// The request of a unary call; false if it does not parse, which its caller is told then.
bool ReadRequest(ServerCall& call, google::protobuf::MessageLite& request);

// A coroutine that owns the call it answers. What it throws, only the call's destruction answers.
struct AnsweringCoroutine {
  struct promise_type {
    AnsweringCoroutine get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
  };
};

template <class Request, class Reply, class ServiceClass>
AnsweringCoroutine Answer(
    ServiceClass* service,
    Task<absl::StatusOr<Reply>> (ServiceClass::*method)(ServerContext&, Request),
    Request request,
    Responder<Reply> responder) {
  absl::StatusOr<Reply> reply =
      co_await (service->*method)(responder.context(), std::move(request));
  responder.Finish(std::move(reply));
}

}  // namespace internal

// For generated code: a unary method of each style as a handler. `service` must outlive it.
template <class Request, class Reply, class ServiceClass>
Handler UnaryHandler(
    ServiceClass* service,
    absl::StatusOr<Reply> (ServiceClass::*method)(ServerContext&, const Request&)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    if (!internal::ReadRequest(*call, request)) return;
    Responder<Reply> responder(std::move(call));
    responder.Finish((service->*method)(responder.context(), request));
  };
}

template <class Request, class Reply, class ServiceClass>
Handler UnaryHandler(
    ServiceClass* service,
    void (ServiceClass::*method)(Request, Responder<Reply>)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    if (!internal::ReadRequest(*call, request)) return;
    (service->*method)(std::move(request), Responder<Reply>(std::move(call)));
  };
}

template <class Request, class Reply, class ServiceClass>
Handler UnaryHandler(
    ServiceClass* service,
    Task<absl::StatusOr<Reply>> (ServiceClass::*method)(ServerContext&, Request)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    if (!internal::ReadRequest(*call, request)) return;
    internal::Answer(service, method, std::move(request), Responder<Reply>(std::move(call)));
  };
}

}  // namespace mqrpc

#endif  // MQRPC_SERVICE_H_

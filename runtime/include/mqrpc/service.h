#ifndef MQRPC_SERVICE_H_
#define MQRPC_SERVICE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/method.h"
#include "mqrpc/serialize.h"
#include "mqrpc/server_context.h"

namespace mqrpc {

// One execution of a method, in bytes: request frames in, reply frames out, one status. A unary
// call reads one and writes one. Whoever owns it answers it: one that is destroyed without `Finish`
// answers INTERNAL, so that no caller is left hanging. Any thread, one at a time.
class ServerCall {
 public:
  virtual ~ServerCall() = default;

  virtual ServerContext& context() = 0;

  // The next request frame; nullopt after the last.
  virtual std::optional<std::string> Read() = 0;
  virtual void Write(std::string frame) = 0;

  // Sends what was written, or, if `status` is not OK, the status with its details instead.
  virtual void Finish(absl::Status status) = 0;
};

// Takes a call over. Runs on a worker of the server and may block, unless RunsOn says otherwise.
using Handler = std::function<void(std::unique_ptr<ServerCall>)>;

// Whose thread runs the handler of a method.
enum class RunsOn {
  kWorker,      // a worker's, if the server has any
  kConnection,  // the connection's own: `option (mqrpc.quick)` of mqrpc/options.proto
};

struct ServiceDescriptor {
  struct Method {
    std::string name = {};
    Handler handler = nullptr;
    Idempotency idempotency = Idempotency::kUnknown;
    RunsOn runs_on = RunsOn::kWorker;
  };

  std::string name = {};  // with its package: `acme.Thermostat`
  std::vector<Method> methods = {};
};

// What generated skeletons derive from; users derive from those and override their methods.
class Service {
 public:
  virtual ~Service() = default;

  // For generated code and Server::Register. The handlers refer to this object.
  virtual ServiceDescriptor mqrpc_descriptor() = 0;
};

// The answer of an RPC that a service does not override.
absl::Status UnimplementedMethod(const ServerContext& context);

// For generated code: a blocking unary method as a handler. `service` must outlive it.
template <class Request, class Reply, class ServiceClass>
Handler UnaryHandler(
    ServiceClass* service,
    absl::StatusOr<Reply> (ServiceClass::*method)(ServerContext&, const Request&)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    absl::Status status = ParseInto(call->Read().value_or(""), request);
    if (!status.ok()) return call->Finish(std::move(status));
    absl::StatusOr<Reply> reply = (service->*method)(call->context(), request);
    if (!reply.ok()) return call->Finish(std::move(reply).status());
    absl::StatusOr<std::string> bytes = Serialize(*reply);
    if (!bytes.ok()) return call->Finish(absl::InternalError(bytes.status().message()));
    call->Write(*std::move(bytes));
    call->Finish(absl::OkStatus());
  };
}

}  // namespace mqrpc

#endif  // MQRPC_SERVICE_H_

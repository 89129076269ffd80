#ifndef MQRPC_SERVED_SERVICES_H_
#define MQRPC_SERVED_SERVICES_H_

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/server.h"
#include "mqrpc/service.h"
#include "mqrpc/transport.h"

namespace mqrpc::internal {

struct ServedMethod {
  std::string name = {};  // with its service's
  Handler handler = nullptr;
  Idempotency idempotency = Idempotency::kUnknown;
  RunsOn runs_on = RunsOn::kWorker;
};

// Whether the broker has answered a subscription, and what.
struct Grant {
  std::promise<absl::Status> status = {};
  bool is_answered = false;  // `status` has its value
};

struct ServedService {
  std::string name = {};
  absl::flat_hash_map<std::string, ServedMethod> methods = {};
  bool takes_batches = false;  // the broker has granted that

  Transport::SubscriptionId requests = 0;
  Transport::SubscriptionId batches = 0;  // 0: none
  Transport::SubscriptionId cancels = 0;
  Grant grant = {};
};

// A name by which the server can be called itself, for any of its services.
struct ServedInstance {
  std::string name = {};
  Transport::SubscriptionId requests = 0;
  Grant grant = {};
};

// What a server serves, and its subscriptions for it. Services are added before Subscribe, and stay
// where they are; from then on all is in turns of the loop, but for WaitUntilGranted.
class ServedServices {
 public:
  // What comes of the subscriptions, until Unsubscribe.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnRequest(const ServedService& service, Message message) = 0;
    // To one of the instances, for a service which may be null: it is not served here.
    virtual void OnInstanceRequest(
        const ServedInstance& instance,
        const ServedService* service,
        Message message) = 0;
    virtual void OnBatch(const ServedService& service, Message message) = 0;
    virtual void OnCancel(const Message& message) = 0;
  };

  // All outlive it.
  ServedServices(Transport& transport, const ServerOptions& options, Events& events)
      : transport_(transport), options_(options), events_(events) {}

  // ALREADY_EXISTS if there is one of that name.
  absl::Status Add(ServiceDescriptor descriptor);

  void Subscribe();

  // Returns when the broker has granted all services, and the instances that the options name.
  // Once; not in a turn of the loop.
  absl::Status WaitUntilGranted(absl::Duration limit);

  // No more requests are asked for; what the broker has queued still comes.
  void Leave();
  void Unsubscribe();

  // A number that no other server of the connection has.
  Transport::SubscriptionId number() const {
    return services_.empty() ? 0 : services_.front()->requests;
  }

 private:
  void Subscribe(ServedService& service);
  void Subscribe(ServedInstance& instance);
  void OnState(const std::string& name, Grant& grant, const absl::Status& state);
  void OnCancels(const ServedService& service, const absl::Status& state);

  Transport& transport_;
  const ServerOptions& options_;
  Events& events_;
  std::vector<std::unique_ptr<ServedService>> services_;
  std::vector<std::unique_ptr<ServedInstance>> instances_;  // from Subscribe on
};

}  // namespace mqrpc::internal

#endif  // MQRPC_SERVED_SERVICES_H_

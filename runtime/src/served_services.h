#ifndef MQRPC_SERVED_SERVICES_H_
#define MQRPC_SERVED_SERVICES_H_

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mqrpc/presence.pb.h"
#include "mqrpc/server.h"
#include "mqrpc/service.h"
#include "mqrpc/transport.h"
#include "topic_template.h"

namespace mqrpc::internal {

struct ServedMethod {
  std::string name = {};  // with its service's
  Handler handler = nullptr;
  Idempotency idempotency = Idempotency::kUnknown;
  RunsOn runs_on = RunsOn::kWorker;
  Responders responders = Responders::kOne;
  bool client_streaming = false;
  bool server_streaming = false;
  size_t max_message_size = 0;  // 0: the server's
  std::string topic = {};       // the template of its own topic, if it has one

  bool is_streaming() const { return client_streaming || server_streaming; }
};

struct ServedService {
  std::string name = {};
  absl::flat_hash_map<std::string, ServedMethod> methods = {};
};

// Where requests come in, by one subscription: for a service under one of the prefixes, for one of
// the instances, or for a method that has a topic of its own.
struct Entrance {
  std::string name = {};  // of what is served there, for people
  std::string filter = {};
  const std::string* prefix = nullptr;
  const ServedService* service = nullptr;  // null: their topics say which
  const ServedMethod* method = nullptr;    // null: likewise
  std::string instance = {};               // that is called there
  std::optional<TopicTemplate> topic = {};
  bool is_broadcast = false;   // every server has the request
  bool takes_batches = false;  // the broker has granted that

  Transport::SubscriptionId requests = 0;
  Transport::SubscriptionId batches = 0;  // 0: none
  std::promise<absl::Status> granted = {};
  bool is_answered = false;  // `granted` has its value
  bool is_served = false;    // the broker sends what comes there
};

// What a server serves, and its subscriptions for it. Services are added before Subscribe, and stay
// where they are; from then on all is in turns of the loop, but for WaitUntilGranted.
class ServedServices {
 public:
  // What comes of the subscriptions, until Unsubscribe.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnRequest(const Entrance& entrance, Message message) = 0;
    virtual void OnBatch(const Entrance& entrance, Message message) = 0;
    virtual void OnCancel(const Message& message) = 0;
    // The broker has granted all that serves calls, perhaps once more.
    virtual void OnGranted() = 0;
  };

  // All outlive it.
  ServedServices(Transport& transport, const ServerOptions& options, Events& events)
      : transport_(transport), options_(options), events_(events) {}

  // ALREADY_EXISTS if there is one of that name; INVALID_ARGUMENT if the topic of a method is
  // wrong, or where requests to another come in too.
  absl::Status Add(ServiceDescriptor descriptor);

  void Subscribe();

  // Returns when the broker has granted all that serves calls. Once; not in a turn of the loop.
  absl::Status WaitUntilGranted(absl::Duration limit);

  // No more requests are asked for; what the broker has queued still comes.
  void Leave();
  void Unsubscribe();

  // For those who ask who is there.
  Presence::Server Describe() const;

  // Null if it is not served.
  const ServedService* Find(std::string_view service) const;

  // Whether a message to that topic is a request to a method which has its own.
  bool HasTopic(std::string_view topic) const;

  // Whether there are methods with streams.
  bool has_streams() const;

  // A number that no other server of the connection has.
  Transport::SubscriptionId number() const {
    return entrances_.empty() ? 0 : entrances_.front()->requests;
  }

 private:
  using Entrances = std::vector<std::unique_ptr<Entrance>>;

  absl::StatusOr<Entrances> TopicsOf(const ServedService& service) const;
  absl::Status CheckTopics(const Entrances& more) const;
  void AddEntrances(const ServedService& service, const std::string& prefix);
  void Subscribe(Entrance& entrance);
  void SubscribeToBatches(Entrance& entrance);
  void SubscribeToCancels(const ServedService& service, const std::string& prefix);
  void OnState(Entrance& entrance, const absl::Status& state);

  Transport& transport_;
  const ServerOptions& options_;
  Events& events_;
  std::vector<std::unique_ptr<ServedService>> services_;
  Entrances entrances_;    // those of methods with topics of their own come first
  size_t own_topics_ = 0;  // how many these are, from Subscribe on
  size_t not_served_ = 0;  // of `entrances_`, from Subscribe on
  std::vector<Transport::SubscriptionId> cancels_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_SERVED_SERVICES_H_

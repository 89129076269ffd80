#include "mqrpc/in_process_transport.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "in_process_link.h"
#include "in_process_router.h"
#include "io_loop.h"
#include "mutex.h"
#include "presence_board.h"
#include "run_in_loop.h"
#include "topic.h"
#include "wire_topics.h"

namespace mqrpc {
namespace internal {

// What the connections of a broker share. Outlives them.
class InProcessCore {
 public:
  InProcessCore(EventLoop& event_loop, InProcessOptions given) : loop(event_loop), options(given) {}

  bool TakeName(const std::string& client_id) {
    MutexLock lock(mutex_);
    return names_.insert(client_id).second;
  }
  void ReturnName(const std::string& client_id) {
    MutexLock lock(mutex_);
    names_.erase(client_id);
  }

  EventLoop& loop;
  const InProcessOptions options;
  InProcessRouter router;  // in turns of the loop

 private:
  Mutex mutex_;
  std::set<std::string> names_ MQRPC_GUARDED_BY(mutex_);
};

namespace {

class InProcessTransport final : public Transport {
 public:
  InProcessTransport(InProcessCore& core, std::string client_id)
      : core_(core),
        client_id_(std::move(client_id)),
        link_(std::make_shared<InProcessLink>(core.loop, core.router, core.options.max_queued)) {
    if (core.options.presence_prefix.empty()) return;
    presence_.emplace(*this, wire::PresenceTopic(core.options.presence_prefix, client_id_));
  }

  ~InProcessTransport() override {
    RunInLoop(core_.loop, [this] { link_->Close(); });
    core_.ReturnName(client_id_);
  }

  EventLoop& loop() override { return core_.loop; }
  const std::string& client_id() const override { return client_id_; }

  bool is_connected() const override { return true; }
  absl::Status WaitUntilConnected(absl::Duration) override { return absl::OkStatus(); }
  bool keeps_session() const override { return false; }
  std::optional<std::string> response_information() const override { return std::nullopt; }
  PresenceBoard* presence() override { return presence_ ? &*presence_ : nullptr; }
  TransportStats stats() const override { return link_->stats(); }
  SubscriptionId Subscribe(Subscription subscription) override {
    return link_->Subscribe(std::move(subscription));
  }
  void Leave(SubscriptionId id) override { link_->Leave(id); }
  void Unsubscribe(SubscriptionId id, absl::AnyInvocable<void()> done) override {
    link_->Unsubscribe(id, std::move(done));
  }
  PublishId Publish(Compose compose, OnAck on_ack) override {
    return link_->Publish(std::move(compose), std::move(on_ack));
  }
  bool Withdraw(PublishId id) override { return link_->Withdraw(id); }

 private:
  InProcessCore& core_;
  const std::string client_id_;
  const std::shared_ptr<InProcessLink> link_;
  std::optional<PresenceBoard> presence_;
};

}  // namespace
}  // namespace internal

InProcessBroker::InProcessBroker(InProcessOptions options)
    : owned_loop_(std::make_unique<internal::IoLoop>()),
      core_(std::make_unique<internal::InProcessCore>(*owned_loop_, options)) {}

InProcessBroker::InProcessBroker(EventLoop& loop, InProcessOptions options)
    : core_(std::make_unique<internal::InProcessCore>(loop, options)) {}

InProcessBroker::~InProcessBroker() = default;

absl::StatusOr<std::unique_ptr<Transport>> InProcessBroker::Connect(std::string client_id) {
  if (absl::Status status = internal::CheckLevel("client id", client_id); !status.ok()) {
    return status;
  }
  if (core_->options.max_queued == 0) {
    return absl::InvalidArgumentError("InProcessOptions::max_queued is 0; at least 1");
  }
  if (!core_->TakeName(client_id)) {
    return absl::AlreadyExistsError(
        absl::StrCat("a connection with the client id \"", client_id, "\" exists already"));
  }
  return std::make_unique<internal::InProcessTransport>(*core_, std::move(client_id));
}

}  // namespace mqrpc

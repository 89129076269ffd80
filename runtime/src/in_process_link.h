#ifndef MQRPC_IN_PROCESS_LINK_H_
#define MQRPC_IN_PROCESS_LINK_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "counters.h"
#include "in_process_router.h"
#include "mqrpc/event_loop.h"
#include "mqrpc/message.h"
#include "mqrpc/transport.h"
#include "subscription_table.h"

namespace mqrpc::internal {

// One connection of an in-process broker, without its name: what its user asks for, done in order
// in later turns. All in turns of the loop. Shared, since it may be closed in a callback that it
// makes.
class InProcessLink final : public std::enable_shared_from_this<InProcessLink> {
 public:
  InProcessLink(EventLoop& loop, InProcessRouter& router, size_t max_queued)
      : loop_(loop), router_(router), max_queued_(max_queued) {}

  Transport::SubscriptionId Subscribe(Subscription subscription);
  void Leave(Transport::SubscriptionId id);
  void Unsubscribe(Transport::SubscriptionId id, absl::AnyInvocable<void()> done);
  Transport::PublishId Publish(Transport::Compose compose, Transport::OnAck on_ack);
  bool Withdraw(Transport::PublishId id);

  // Any thread.
  TransportStats stats() const;

  // Destroys all callbacks unused. Nothing may be asked of it any more.
  void Close();

 private:
  // A message if it has `compose`, else anything that takes its turn among the messages.
  struct Step {
    absl::AnyInvocable<void()> run = {};
    Transport::Compose compose = {};
    Transport::OnAck on_ack = {};
  };
  using StepId = Transport::PublishId;

  StepId Enqueue(Step step);
  void RunSteps();
  void AskFor(const std::string& filter);
  void Send(Step step);
  ReasonCode Deliver(Message message);

  EventLoop& loop_;
  InProcessRouter& router_;
  const size_t max_queued_;

  SubscriptionTable table_;
  std::map<StepId, Step> steps_;
  StepId next_step_ = 1;
  bool is_posted_ = false;  // a turn for `steps_`
  bool is_closed_ = false;

  Counter sent_;
  Counter received_;
  Counter queued_;  // messages
};

}  // namespace mqrpc::internal

#endif  // MQRPC_IN_PROCESS_LINK_H_

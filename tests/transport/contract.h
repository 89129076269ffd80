#ifndef MQRPC_TESTS_TRANSPORT_CONTRACT_H_
#define MQRPC_TESTS_TRANSPORT_CONTRACT_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bed.h"
#include "gtest/gtest.h"
#include "mqrpc/transport.h"
#include "run_in_loop.h"
#include "support/events.h"

namespace mqrpc::tests {

// Each suite of the contract: INSTANTIATE_TEST_SUITE_P(On, Suite, AllBeds(), BedName);
inline auto AllBeds() {
  return ::testing::Values(
      BedKind::kInProcess,
      BedKind::kVirtualTime,
      BedKind::kMosquittoTcp,
      BedKind::kMosquittoUnix);
}
inline std::string BedName(const ::testing::TestParamInfo<BedKind>& info) {
  return NameOf(info.param);
}

using Ack = absl::StatusOr<ReasonCode>;

// What transport.h promises, on every kind of bed. Nothing here sleeps: it waits for events.
class TransportContract : public ::testing::TestWithParam<BedKind> {
 protected:
  // One subscription as its owner sees it.
  struct Subscriber {
    explicit Subscriber(Events& events) : messages(events), states(events) {}
    std::vector<std::string> Payloads() const;

    EventLog<Message> messages;
    EventLog<absl::Status> states;
    Transport::SubscriptionId id = 0;
  };
  using SubscriberPtr = std::shared_ptr<Subscriber>;

  struct Publication {
    explicit Publication(Events& events) : acks(events) {}

    EventLog<Ack> acks;
    Transport::PublishId id = 0;
  };
  using PublicationPtr = std::shared_ptr<Publication>;

  void SetUp() override { UseBed({}); }
  void UseBed(const BedOptions& options);

  // A connection that lives as long as the test, unless it is dropped before.
  Transport& Connect(const std::string& client_id);
  void Drop(Transport& transport);

  // Waits for events until it is true.
  bool Wait(const std::function<bool()>& is_true);

  // Runs it in a turn of the transport's loop.
  template <class Function>
  void InLoop(Transport& transport, Function function) {
    internal::RunInLoop(transport.loop(), std::move(function));
  }

  // In a turn of the loop already.
  SubscriberPtr StartSubscribe(Transport& transport, Subscription subscription);
  PublicationPtr StartPublish(Transport& transport, Message message);

  // Returns when the broker has granted it.
  SubscriberPtr Subscribe(
      Transport& transport,
      const std::string& filter,
      QoS qos = QoS::kExactlyOnce);
  void Unsubscribe(Transport& transport, const Subscriber& subscriber);

  // How it ended.
  Ack Publish(Transport& transport, Message message);

  // Returns when everything has arrived at `to` that `from` had published, and got acknowledged.
  void Settle(Transport& from, Transport& to);

  // The first messages; fewer if no more come.
  std::vector<Message> Await(const Subscriber& subscriber, size_t count);

  Events events_;
  std::unique_ptr<Bed> bed_;
  std::vector<std::unique_ptr<Transport>> transports_;
  int settled_ = 0;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_TRANSPORT_CONTRACT_H_

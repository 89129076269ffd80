#ifndef MQRPC_TESTS_SIMULATION_SIM_CLIENT_H_
#define MQRPC_TESTS_SIMULATION_SIM_CLIENT_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mqrpc/channel.h"
#include "sim_broker.h"
#include "sim_service.h"
#include "sim_transport.h"
#include "world.h"

namespace mqrpc::simulation {

// A client process, with one channel at a time over one connection.
class SimClient final : private SimTransport::Watcher {
 public:
  struct Plan {
    Idempotency idempotency = Idempotency::kUnknown;
    CallOptions options = {};
    Handling handling = Handling::kThen;
    absl::Duration handled_after = {};  // where the handling is not at once
    bool is_probe = false;
  };

  SimClient(World& world, SimBroker& broker, std::string name);

  // In later turns of its loop.
  void StartSoon(const Plan& plan);
  // A new channel instead of the one there was, which may overlap with it.
  void RenewSoon();

  SimLoop& loop() { return loop_; }
  SimTransport& transport() { return transport_; }
  ChannelStats stats() const { return channel_->stats(); }

 private:
  void OnSent(size_t call);
  void OnSent(const Message& request) override;
  void OnLoss() override;

  std::unique_ptr<Channel> MakeChannel();
  void Start(const Plan& plan, bool is_calm);
  void Renew();
  void TakeResult(size_t number, Call<Number> call);
  void HandleLater(size_t number, const Plan& plan, Call<Number> call);
  void HandleHeld(size_t number);

  World& world_;
  const std::string name_;
  SimLoop& loop_;
  const ChannelOptions options_;
  SimTransport transport_;
  std::unique_ptr<Channel> channel_;
  std::vector<size_t> calls_;  // of this channel
  std::map<size_t, Call<Number>> held_;
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_CLIENT_H_

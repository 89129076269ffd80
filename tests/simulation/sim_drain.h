#ifndef MQRPC_TESTS_SIMULATION_SIM_DRAIN_H_
#define MQRPC_TESTS_SIMULATION_SIM_DRAIN_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "server_core.h"
#include "sim_loop.h"
#include "sim_workers.h"
#include "world.h"

namespace mqrpc::simulation {

// ServerCore::Shutdown in virtual time, where nobody can block: its steps are the same, and what it
// waits for between them is looked at now and then.
class SimDrain {
 public:
  SimDrain(
      World& world,
      SimLoop& loop,
      internal::ServerCore& core,
      const SimWorkers* workers,
      std::function<void()> on_end)
      : world_(world), loop_(loop), core_(core), workers_(workers), on_end_(std::move(on_end)) {}

  void Begin(absl::Duration grace);

  // At once, wherever it is, or without having begun: the process has died.
  void Abort();

  // Whether the server has no calls, no replies on their way, and none that it keeps.
  bool is_idle() const;

  // Whether the last request has come, as far as the server knows.
  bool is_drained() const;

 private:
  enum class Step { kDraining, kRunning, kReplying };

  void LookAgain();
  void Look();
  bool MayGoOn() const;

  World& world_;
  SimLoop& loop_;
  internal::ServerCore& core_;
  const SimWorkers* const workers_;
  const std::function<void()> on_end_;
  Step step_ = Step::kDraining;
  absl::Duration grace_ = {};
  absl::Time until_ = {};
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // asked by turns to come
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_DRAIN_H_

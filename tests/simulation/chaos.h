#ifndef MQRPC_TESTS_SIMULATION_CHAOS_H_
#define MQRPC_TESTS_SIMULATION_CHAOS_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "world.h"

namespace mqrpc::simulation {

// Makes things happen at random times, until it is destroyed.
class Chaos {
 public:
  explicit Chaos(World& world) : world_(world) {}

  // `every`: on average.
  void Repeat(absl::Duration every, std::function<void()> what) {
    if (every == absl::InfiniteDuration()) return;
    world_.loop.RunAt(
        world_.Soon(2 * every),
        [this, every, what = std::move(what), alive = std::weak_ptr(alive_)]() mutable {
          if (alive.expired()) return;
          what();
          Repeat(every, std::move(what));
        });
  }

 private:
  World& world_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // asked by turns to come
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_CHAOS_H_

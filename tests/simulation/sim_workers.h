#ifndef MQRPC_TESTS_SIMULATION_SIM_WORKERS_H_
#define MQRPC_TESTS_SIMULATION_SIM_WORKERS_H_

#include <cstddef>
#include <deque>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "sim_loop.h"
#include "world.h"

namespace mqrpc::simulation {

// The threads of a server, in virtual time: each is busy with one task until that ends, and is
// woken some time after there is one. In this program internal::ThreadPool is made of them.
class SimWorkers : public std::enable_shared_from_this<SimWorkers> {
 public:
  using Task = absl::AnyInvocable<void()>;

  SimWorkers(World& world, SimLoop& loop) : world_(world), loop_(loop) {}

  // Who works for the ThreadPool that is made next.
  static std::shared_ptr<SimWorkers>& ForNextPool();

  void Hire(size_t most) { most_ = most; }
  void Add(Task task);

  // In a task: its thread is busy until the last copy of this has gone.
  std::shared_ptr<void> Occupy() const { return thread_; }

  // Those that no thread has taken yet.
  size_t queued() const { return tasks_.size(); }
  bool is_idle() const { return tasks_.empty() && busy_ == 0; }

  // What is queued never runs.
  void Die();

 private:
  void WakeOne();
  void Work();

  World& world_;
  SimLoop& loop_;
  size_t most_ = 0;
  size_t busy_ = 0;
  std::deque<Task> tasks_;
  std::shared_ptr<void> thread_;  // of the task that runs
};

}  // namespace mqrpc::simulation

#endif  // MQRPC_TESTS_SIMULATION_SIM_WORKERS_H_

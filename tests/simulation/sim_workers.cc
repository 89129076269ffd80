#include "sim_workers.h"

#include <utility>

namespace mqrpc::simulation {

std::shared_ptr<SimWorkers>& SimWorkers::ForNextPool() {
  static std::shared_ptr<SimWorkers> workers;
  return workers;
}

void SimWorkers::Add(Task task) {
  tasks_.push_back(std::move(task));
  WakeOne();
}

void SimWorkers::WakeOne() {
  if (tasks_.empty()) return;
  loop_.RunAt(world_.Soon(world_.faults.max_wake_up), [weak = weak_from_this()] {
    if (std::shared_ptr<SimWorkers> self = weak.lock()) self->Work();
  });
}

void SimWorkers::Work() {
  if (tasks_.empty() || busy_ == most_) return;
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  ++busy_;
  thread_ = std::shared_ptr<void>(nullptr, [weak = weak_from_this()](void*) {
    std::shared_ptr<SimWorkers> self = weak.lock();
    if (self == nullptr) return;
    --self->busy_;
    self->WakeOne();
  });
  {
    SimLoop::OtherThread in_it(loop_);
    task();
    task = nullptr;
  }
  std::exchange(thread_, nullptr).reset();
}

void SimWorkers::Die() { std::exchange(tasks_, {}).clear(); }

}  // namespace mqrpc::simulation

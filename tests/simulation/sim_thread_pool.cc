// The ThreadPool of this program, instead of the runtime's: no threads, but virtual time.

#include <memory>
#include <utility>
#include <vector>

#include "sim_workers.h"
#include "thread_pool.h"

namespace mqrpc::internal {

struct ThreadPool::State {
  std::shared_ptr<simulation::SimWorkers> workers;  // null if nobody is to work
  bool is_stopped = false;
};

ThreadPool::ThreadPool(size_t max_threads) : state_(std::make_shared<State>()) {
  state_->workers = std::exchange(simulation::SimWorkers::ForNextPool(), nullptr);
  if (state_->workers != nullptr) state_->workers->Hire(max_threads);
}

ThreadPool::~ThreadPool() { Stop(); }

void ThreadPool::Run(absl::AnyInvocable<void()> task) {
  if (state_->is_stopped || state_->workers == nullptr) return task();
  state_->workers->Add(std::move(task));
}

void ThreadPool::RunAll(std::vector<absl::AnyInvocable<void()>> tasks) {
  for (auto& task : tasks) Run(std::move(task));
}

size_t ThreadPool::queued() const {
  return state_->workers == nullptr ? 0 : state_->workers->queued();
}

// Who stops it waits for the workers, which takes virtual time.
void ThreadPool::Stop() { state_->is_stopped = true; }

}  // namespace mqrpc::internal

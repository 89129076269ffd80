#ifndef MQRPC_EXAMPLES_EVENT_LOOP_EPOLL_LOOP_H_
#define MQRPC_EXAMPLES_EVENT_LOOP_EPOLL_LOOP_H_

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "mqrpc/executor.h"

namespace mqrpc::examples {

// An event loop as many programs have one: it waits for file descriptors, and runs what they are
// watched for, on the thread that is in RunUntilStopped. What makes it an executor of calls is a
// list of tasks with an eventfd that says that there are some.
class EpollLoop final : public Executor {
 public:
  EpollLoop() {
    Watch(wake_, [this] { RunTasks(); });
  }
  ~EpollLoop() override {
    close(wake_);
    close(epoll_);
  }

  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  // Any thread.
  void Run(absl::AnyInvocable<void()> task) override {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    eventfd_write(wake_, 1);
  }

  // The rest is of the loop's own thread. `on_readable` has to read.
  void Watch(int fd, std::function<void()> on_readable) {
    epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    watched_[fd] = std::move(on_readable);
  }

  void RunUntilStopped() {
    while (!stopped_) {
      epoll_event event;
      if (epoll_wait(epoll_, &event, 1, -1) == 1) watched_[event.data.fd]();
    }
  }

  void Stop() { stopped_ = true; }

 private:
  void RunTasks() {
    eventfd_t count;
    eventfd_read(wake_, &count);
    std::vector<absl::AnyInvocable<void()>> tasks;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
  }

  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  const int wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::map<int, std::function<void()>> watched_;
  bool stopped_ = false;

  std::mutex mutex_;
  std::vector<absl::AnyInvocable<void()>> tasks_;
};

}  // namespace mqrpc::examples

#endif  // MQRPC_EXAMPLES_EVENT_LOOP_EPOLL_LOOP_H_

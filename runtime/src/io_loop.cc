#include "io_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace mqrpc::internal {
namespace {

// A process without descriptors for its own loop cannot go on, and no caller could mend it.
int CheckedFd(int fd, const char* what) {
  if (fd >= 0) return fd;
  perror(what);
  abort();
}

}  // namespace

IoLoop::IoLoop()
    : epoll_fd_(CheckedFd(epoll_create1(EPOLL_CLOEXEC), "mqrpc: epoll_create1")),
      wake_fd_(CheckedFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "mqrpc: eventfd")) {
  // Edge-triggered: each write is one wake-up, and nobody has to read the counter back.
  epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = wake_fd_}};
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
  thread_ = std::thread([this] { Run(); });
}

IoLoop::~IoLoop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  close(wake_fd_);
  close(epoll_fd_);
}

absl::Time IoLoop::Now() const {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void IoLoop::Wake() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(wake_fd_, &one, sizeof(one));
}

void IoLoop::Post(Task task) {
  // Woken under the lock: the loop may be destroyed as soon as the task can have run.
  MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  if (std::exchange(sleeping_, false)) Wake();
}

IoLoop::TimerId IoLoop::RunAt(absl::Time when, Task task) {
  TimerId id = next_timer_++;
  timers_.emplace(std::make_pair(when, id), std::move(task));
  return id;
}

void IoLoop::CancelTimer(TimerId id) {
  auto timer = std::find_if(timers_.begin(), timers_.end(), [id](const auto& entry) {
    return entry.first.second == id;
  });
  if (timer != timers_.end()) timers_.erase(timer);
}

void IoLoop::Watch(Socket* socket) {
  // One that was closed meanwhile is not watched any more, and its number may be another's.
  bool is_open = socket_ != nullptr && watched_fd_ >= 0 && socket_->fd() == watched_fd_;
  if (is_open) epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, watched_fd_, nullptr);
  socket_ = socket;
  watched_fd_ = socket != nullptr ? socket->fd() : -1;
  waits_for_output_ = false;
  if (watched_fd_ < 0) return;
  epoll_event event = {.events = EPOLLIN, .data = {.fd = watched_fd_}};
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, watched_fd_, &event);
}

void IoLoop::Run() {
  thread_id_ = std::this_thread::get_id();
  while (true) {
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      sleeping_ = tasks_.empty();
    }
    TakeInput();
    RunTimers();
    RunTasks();
    FlushOutput();
  }
}

void IoLoop::TakeInput() {
  epoll_event events[2];
  int count = epoll_wait(epoll_fd_, events, 2, SleepMillis());
  {
    MutexLock lock(mutex_);
    sleeping_ = false;
  }
  for (int i = 0; i < count; ++i) {
    bool readable = (events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0;
    if (events[i].data.fd != wake_fd_ && readable && socket_ != nullptr) socket_->ReadInput();
  }
}

int IoLoop::SleepMillis() {
  {
    MutexLock lock(mutex_);
    if (!sleeping_) return 0;
  }
  if (timers_.empty()) return -1;
  absl::Duration until = absl::Ceil(timers_.begin()->first.first - Now(), absl::Milliseconds(1));
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(until), 0, INT_MAX));
}

void IoLoop::RunTimers() {
  if (timers_.empty()) return;
  absl::Time now = Now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
}

void IoLoop::RunTasks() {
  std::vector<Task> tasks;
  {
    MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) task();
}

void IoLoop::FlushOutput() {
  if (socket_ == nullptr) return;
  bool blocked = socket_->WriteOutput();
  if (socket_ == nullptr || blocked == waits_for_output_) return;
  waits_for_output_ = blocked;
  epoll_event event = {.events = EPOLLIN, .data = {.fd = watched_fd_}};
  if (blocked) event.events |= EPOLLOUT;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, watched_fd_, &event);
}

}  // namespace mqrpc::internal

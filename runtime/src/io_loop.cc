#include "io_loop.h"

#include <poll.h>
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

void Wake(int fd) {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(fd, &one, sizeof(one));
}

}  // namespace

IoLoop::IoLoop()
    : epoll_fd_(CheckedFd(epoll_create1(EPOLL_CLOEXEC), "mqrpc: epoll_create1")),
      wake_fd_(CheckedFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "mqrpc: eventfd")),
      borrower_wake_fd_(CheckedFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "mqrpc: eventfd")) {
  // Edge-triggered: each write is one wake-up, and nobody has to read the counter back.
  epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = wake_fd_}};
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
  thread_ = std::thread([this] { Run(); });
}

IoLoop::~IoLoop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    while (is_lent_) changed_.Wait(mutex_);
  }
  Wake(wake_fd_);
  thread_.join();
  close(borrower_wake_fd_);
  close(wake_fd_);
  close(epoll_fd_);
}

absl::Time IoLoop::Now() const {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void IoLoop::Post(Task task) {
  // Woken under the lock: the loop may be destroyed as soon as the task can have run.
  MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  if (std::exchange(sleeping_, false)) Wake(is_lent_ ? borrower_wake_fd_ : wake_fd_);
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

absl::Time IoLoop::NextTimer() const {
  return timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first.first;
}

void IoLoop::Watch(Socket* socket) {
  // One that was closed meanwhile is not watched any more, and its number may be another's.
  bool is_open = socket_ != nullptr && watched_fd_ >= 0 && socket_->fd() == watched_fd_;
  if (is_open) epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, watched_fd_, nullptr);
  socket_ = socket;
  watched_fd_ = socket != nullptr ? socket->fd() : -1;
  waits_for_output_ = false;
  if (watched_fd_ < 0) return;
  epoll_event event = {.events = 0, .data = {.fd = watched_fd_}};
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, watched_fd_, &event);
  MutexLock lock(mutex_);
  Arm();
}

// What the loop's own thread is to be woken by: nothing while another has the loop.
void IoLoop::Arm() {
  if (watched_fd_ < 0) return;
  epoll_event event = {.events = 0, .data = {.fd = watched_fd_}};
  if (!is_lent_) event.events = waits_for_output_ ? EPOLLIN | EPOLLOUT : EPOLLIN;
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, watched_fd_, &event);
}

void IoLoop::Run() {
  thread_id_ = std::this_thread::get_id();
  while (true) {
    int timeout = 0;
    {
      MutexLock lock(mutex_);
      while (is_lent_) changed_.Wait(mutex_);
      timeout = BeginSleep();
      wakes_at_ = NextTimer();
      if (std::exchange(is_wanted_, false)) changed_.NotifyAll();
      if (stopping_) return;
    }
    epoll_event events[2];
    int count = epoll_wait(epoll_fd_, events, 2, timeout);
    if (!EndSleep()) continue;
    for (int i = 0; i < count; ++i) {
      bool is_input = (events[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0;
      if (events[i].data.fd != wake_fd_ && is_input && socket_ != nullptr) socket_->ReadInput();
    }
    FinishRound();
  }
}

// The milliseconds to sleep for, as epoll and poll want them.
int IoLoop::BeginSleep() {
  sleeping_ = tasks_.empty();
  if (!sleeping_) return 0;
  if (timers_.empty()) return -1;
  absl::Duration wait = absl::Ceil(NextTimer() - Now(), absl::Milliseconds(1));
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(wait), 0, INT_MAX));
}

// After the sleep of the loop's own thread: whether it still has the loop.
bool IoLoop::EndSleep() {
  MutexLock lock(mutex_);
  if (!is_lent_) sleeping_ = false;
  return !is_lent_;
}

bool IoLoop::Borrow(absl::FunctionRef<void()> begin, absl::FunctionRef<bool()> is_done) {
  if (InLoop() || !Take()) return false;
  begin();
  FinishRound();
  while (!is_done()) {
    TakeInputAsBorrower();
    FinishRound();
  }
  GiveBack();
  return true;
}

// A round that is under way may be the one that brought the caller's last answer, and the last for
// a while: its end is waited for.
bool IoLoop::Take() {
  MutexLock lock(mutex_);
  if (is_lent_ || is_wanted_ || stopping_) return false;
  if (!sleeping_) {
    is_wanted_ = true;
    while (is_wanted_) changed_.Wait(mutex_);
    if (!sleeping_ || is_lent_ || stopping_) return false;
  }
  is_lent_ = true;
  sleeping_ = false;
  thread_id_ = std::this_thread::get_id();
  Arm();
  return true;
}

void IoLoop::GiveBack() {
  MutexLock lock(mutex_);
  is_lent_ = false;
  thread_id_ = thread_.get_id();
  Arm();
  sleeping_ = tasks_.empty() && NextTimer() >= wakes_at_;
  if (!sleeping_) Wake(wake_fd_);
  changed_.NotifyAll();
}

void IoLoop::TakeInputAsBorrower() {
  int timeout = 0;
  {
    MutexLock lock(mutex_);
    timeout = BeginSleep();
  }
  short awaited = waits_for_output_ ? POLLIN | POLLOUT : POLLIN;
  pollfd fds[] = {
      {.fd = watched_fd_, .events = awaited, .revents = 0},
      {.fd = borrower_wake_fd_, .events = POLLIN, .revents = 0}};
  poll(fds, 2, timeout);
  {
    MutexLock lock(mutex_);
    sleeping_ = false;
  }
  uint64_t wakes = 0;
  [[maybe_unused]] ssize_t size = 0;
  if (fds[1].revents != 0) size = read(fds[1].fd, &wakes, sizeof(wakes));
  if ((fds[0].revents & ~POLLOUT) != 0 && socket_ != nullptr) socket_->ReadInput();
}

void IoLoop::FinishRound() {
  RunTimers();
  RunTasks();
  FlushOutput();
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
  MutexLock lock(mutex_);
  Arm();
}

}  // namespace mqrpc::internal

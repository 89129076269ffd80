#ifndef MQRPC_IO_LOOP_H_
#define MQRPC_IO_LOOP_H_

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "mqrpc/event_loop.h"
#include "mutex.h"

namespace mqrpc::internal {

// An EventLoop on a thread of its own, which sleeps in epoll until there is work: input on the one
// socket that it watches, a timer, or a posted task (an eventfd wakes it, and only when it sleeps).
//
// A round is: input, timers, the tasks posted until then, output. So what is posted while input is
// handled runs once for all of that input, and what all of them want to send leaves together.
//
// A borrower finds the loop's own thread asleep and lets it sleep on: the socket is disarmed in its
// epoll meanwhile, and polled by the borrower, who arms it again in the end. So lending the loop
// and giving it back wake nobody.
class IoLoop final : public EventLoop {
 public:
  // The socket of a connection, in turns of the loop.
  class Socket {
   public:
    virtual ~Socket() = default;
    virtual int fd() const = 0;
    virtual void ReadInput() = 0;
    // At the end of each round; true if there is output left that the socket does not take now.
    virtual bool WriteOutput() = 0;
  };

  IoLoop();
  ~IoLoop() override;  // not in a turn of it

  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  absl::Time Now() const override;
  bool InLoop() const override { return std::this_thread::get_id() == thread_id_; }
  void Post(Task task) override;
  bool Borrow(absl::FunctionRef<void()> begin, absl::FunctionRef<bool()> is_done) override;
  TimerId RunAt(absl::Time when, Task task) override;
  void CancelTimer(TimerId id) override;

  // Watches a socket, which stays alive until another is watched or null. In a turn of the loop.
  void Watch(Socket* socket);

 private:
  void Run();
  int BeginSleep() MQRPC_REQUIRES(mutex_);
  bool EndSleep();
  void TakeInputAsBorrower();
  void FinishRound();
  void RunTimers();
  void RunTasks();
  void FlushOutput();
  bool Take();
  void GiveBack();
  void Arm() MQRPC_REQUIRES(mutex_);
  absl::Time NextTimer() const;

  const int epoll_fd_;
  const int wake_fd_;           // wakes the loop's own thread
  const int borrower_wake_fd_;  // wakes who has borrowed it

  // Of the thread that has the loop.
  Socket* socket_ = nullptr;
  int watched_fd_ = -1;
  bool waits_for_output_ = false;
  std::map<std::pair<absl::Time, TimerId>, Task> timers_;
  TimerId next_timer_ = 1;

  Mutex mutex_;
  CondVar changed_;  // whose the loop is
  std::vector<Task> tasks_ MQRPC_GUARDED_BY(mutex_);
  bool sleeping_ MQRPC_GUARDED_BY(mutex_) = false;   // the thread that has the loop
  bool is_lent_ MQRPC_GUARDED_BY(mutex_) = false;    // changed by the borrower
  bool is_wanted_ MQRPC_GUARDED_BY(mutex_) = false;  // by one who waits for the end of a round
  bool stopping_ MQRPC_GUARDED_BY(mutex_) = false;
  absl::Time wakes_at_ MQRPC_GUARDED_BY(mutex_);  // the loop's own thread, at the latest

  std::atomic<std::thread::id> thread_id_;  // which has the loop
  std::thread thread_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_IO_LOOP_H_

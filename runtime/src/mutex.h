#ifndef MQRPC_MUTEX_H_
#define MQRPC_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang's thread-safety annotations on std::mutex. (absl::Mutex has them too, but Debian's build of
// it is not made for ThreadSanitizer, which then reports every use of it.)
#if defined(__clang__)
#define MQRPC_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define MQRPC_THREAD_ANNOTATION(x)
#endif
#define MQRPC_GUARDED_BY(x) MQRPC_THREAD_ANNOTATION(guarded_by(x))
#define MQRPC_REQUIRES(x) MQRPC_THREAD_ANNOTATION(requires_capability(x))
#define MQRPC_EXCLUDES(x) MQRPC_THREAD_ANNOTATION(locks_excluded(x))

namespace mqrpc::internal {

class MQRPC_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() MQRPC_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() MQRPC_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class MQRPC_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MQRPC_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() MQRPC_THREAD_ANNOTATION(release_capability()) { mutex_.Unlock(); }

  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits may wake for no reason: wait in a loop that tests what is waited for.
class CondVar {
 public:
  void Wait(Mutex& mutex) MQRPC_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // In real time.
  void WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point until) MQRPC_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_until(lock, until);
    lock.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_MUTEX_H_

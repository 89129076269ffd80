#ifndef MQRPC_TESTS_SUPPORT_EVENTS_H_
#define MQRPC_TESTS_SUPPORT_EVENTS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mutex.h"

namespace mqrpc::tests {

// Far more than anything takes, also on a busy machine under a sanitizer; only failures wait so
// long.
inline constexpr std::chrono::seconds kLong(60);

// What happens on other threads, made something to wait for.
class Events {
 public:
  void Notify() {
    Notify([] {});
  }

  // Likewise for what makes something true: when WaitUntil has seen it, this does not run any more.
  template <class Change>
  void Notify(const Change& change) {
    internal::MutexLock lock(mutex_);
    change();
    ++count_;
    changed_.NotifyAll();
  }

  // For events of threads that nobody joins: when this returns, none of the first `count` calls of
  // Notify() touches this object any more.
  bool WaitForCount(uint64_t count, std::chrono::nanoseconds bound = kLong) {
    auto end = std::chrono::steady_clock::now() + bound;
    internal::MutexLock lock(mutex_);
    while (count_ < count) {
      if (std::chrono::steady_clock::now() >= end) return false;
      changed_.WaitUntil(mutex_, end);
    }
    return true;
  }

  // Asks `is_true` now and after each event, until it is or `bound` has passed.
  bool WaitUntil(const std::function<bool()>& is_true, std::chrono::nanoseconds bound = kLong) {
    auto end = std::chrono::steady_clock::now() + bound;
    while (true) {
      uint64_t seen = Count();
      if (is_true()) {
        Count();  // takes the lock: the Notify that made it so does not use this object any more
        return true;
      }
      if (!WaitForAnother(seen, end)) return is_true();
    }
  }

 private:
  uint64_t Count() {
    internal::MutexLock lock(mutex_);
    return count_;
  }

  bool WaitForAnother(uint64_t seen, std::chrono::steady_clock::time_point end) {
    internal::MutexLock lock(mutex_);
    while (count_ == seen) {
      if (std::chrono::steady_clock::now() >= end) return false;
      changed_.WaitUntil(mutex_, end);
    }
    return true;
  }

  internal::Mutex mutex_;
  internal::CondVar changed_;
  uint64_t count_ MQRPC_GUARDED_BY(mutex_) = 0;
};

// A copy that shares nothing with the original. Abseil's own count of who shares a status is hidden
// from ThreadSanitizer, as its library is not built for it: two threads must not share one.
template <class T>
T Unshared(const T& value) {
  return value;
}
inline absl::Status Unshared(const absl::Status& status) {
  return absl::Status(status.code(), status.message());
}
template <class T>
absl::StatusOr<T> Unshared(const absl::StatusOr<T>& value) {
  if (value.ok()) return *value;
  return Unshared(value.status());
}

// Things in the order in which they came, from any thread; each is an event.
template <class T>
class EventLog {
 public:
  explicit EventLog(Events& events) : events_(events) {}

  void Add(T item) {
    events_.Notify([&] {
      internal::MutexLock lock(mutex_);
      items_.push_back(std::move(item));
    });
  }

  size_t Size() const {
    internal::MutexLock lock(mutex_);
    return items_.size();
  }

  std::vector<T> Items() const {
    internal::MutexLock lock(mutex_);
    std::vector<T> copies;
    for (const T& item : items_) copies.push_back(Unshared(item));
    return copies;
  }

 private:
  Events& events_;
  mutable internal::Mutex mutex_;
  std::vector<T> items_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_SUPPORT_EVENTS_H_

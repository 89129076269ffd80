#ifndef MQRPC_EVENT_LOOP_H_
#define MQRPC_EVENT_LOOP_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"

namespace mqrpc {

// The one thread that owns a connection, seen as what can be asked of it: the time, a turn, an
// alarm. Everything of the core happens in turns of its transport's loop, one after the other,
// which is why the core needs no locks of its own. A thread that has to wait for something of the
// loop may borrow it meanwhile, and then is that one thread.
//
// A turn must not block: all calls on the connection wait for it. No user code runs here.
//
// Implementations: the Mosquitto transport's I/O thread, the in-process broker's thread, and
// testing::ManualLoop, whose time a test turns by hand.
class EventLoop {
 public:
  using Task = absl::AnyInvocable<void()>;
  using TimerId = uint64_t;

  virtual ~EventLoop() = default;

  // A steady clock: only differences between two instants of one loop mean anything. Any thread.
  virtual absl::Time Now() const = 0;

  // Whether the calling code is a turn of this loop. Any thread.
  virtual bool InLoop() const = 0;

  // Runs `task` in a later turn, in the order of posting; when posted from a turn, after the input
  // that has already arrived has been handled. Any thread. Tasks that are still queued when the
  // loop is destroyed are destroyed without being run.
  virtual void Post(Task task) = 0;

  // Does the loop's work on the calling thread: runs `begin` in a turn, and further turns until
  // `is_done` says so after one of them. So who waits for an answer and what brings it need not
  // wake one another. False, having run nothing, if the loop is at work for others, or lends
  // itself to nobody. Any thread.
  virtual bool Borrow(absl::FunctionRef<void()> /*begin*/, absl::FunctionRef<bool()> /*is_done*/) {
    return false;
  }

  // Runs `task` at `when` or soon after. Only in a turn of this loop.
  virtual TimerId RunAt(absl::Time when, Task task) = 0;

  // Forgets a timer; one that has run, or never was, is ignored. Only in a turn of this loop.
  virtual void CancelTimer(TimerId id) = 0;
};

}  // namespace mqrpc

#endif  // MQRPC_EVENT_LOOP_H_

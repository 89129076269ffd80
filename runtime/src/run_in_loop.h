#ifndef MQRPC_RUN_IN_LOOP_H_
#define MQRPC_RUN_IN_LOOP_H_

#include <future>
#include <utility>

#include "mqrpc/event_loop.h"

namespace mqrpc::internal {

// Runs `function` in a turn of the loop and returns when it has run; at once if this is one.
template <class Function>
void RunInLoop(EventLoop& loop, Function function) {
  if (loop.InLoop()) return function();
  std::promise<void> done;
  loop.Post([&function, &done] {
    function();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace mqrpc::internal

#endif  // MQRPC_RUN_IN_LOOP_H_

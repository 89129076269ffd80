#include "open_loop.h"

#include <sys/prctl.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "load.h"

namespace mqrpc::bench {

OpenLoop::OpenLoop(const Cell& cell, Recorder& recorder)
    : interval_(std::chrono::nanoseconds(std::chrono::seconds(1)) / cell.rate),
      slow_every_(cell.slow_every),
      recorder_(recorder) {}

OpenLoop::Call OpenLoop::Find(uint64_t number) const {
  return {
      .number = number,
      .due = begin_ + number * interval_,
      .is_slow = slow_every_ > 0 && number % slow_every_ == 0};
}

absl::Status OpenLoop::Run(const std::function<void(const Call&)>& start) {
  // A thread is otherwise woken up to 50 µs late.
  prctl(PR_SET_TIMERSLACK, 1);
  recorder_.Start();
  begin_ = Recorder::Clock::now();
  for (uint64_t number = 1; recorder_.wants_more(); ++number) {
    Call call = Find(number);
    std::this_thread::sleep_until(call.due);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++outstanding_;
    }
    start(call);
  }
  std::unique_lock<std::mutex> lock(mutex_);
  std::chrono::nanoseconds patience = absl::ToChronoNanoseconds(2 * kCallTimeout);
  if (all_ended_.wait_for(lock, patience, [this] { return outstanding_ == 0; })) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(outstanding_, " calls were never answered"));
}

void OpenLoop::Answer(const Call& call, std::string_view payload) {
  if (call.is_slow) {
    recorder_.AnswerUntimed(call.number, payload);
  } else {
    recorder_.Answer(call.number, call.due, Recorder::Clock::now(), payload);
  }
  End();
}

void OpenLoop::Fail(const absl::Status& status) {
  recorder_.Fail(status);
  End();
}

void OpenLoop::End() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (--outstanding_ == 0) all_ended_.notify_all();
}

}  // namespace mqrpc::bench

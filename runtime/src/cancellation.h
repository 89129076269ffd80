#ifndef MQRPC_CANCELLATION_H_
#define MQRPC_CANCELLATION_H_

#include <atomic>
#include <stop_token>

namespace mqrpc::internal {

// Whether one call is to stop, and whether that is since its caller has given up, who wants no
// answer then. Costs nothing until somebody wants to be told.
// Thread-safe.
class Cancellation {
 public:
  Cancellation() = default;
  ~Cancellation() { delete source_.load(); }
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // The caller has given up.
  void Request() {
    requested_ = true;
    Stop();
  }
  bool is_requested() const { return requested_; }

  // Runs what has registered with the source.
  void Stop() {
    stopped_ = true;
    if (std::stop_source* source = source_; source != nullptr) source->request_stop();
  }

  bool is_stopped() const { return stopped_; }

  // That of all who ask, made now if need be. By one thread at a time.
  std::stop_source& MakeSource() {
    if (source_ == nullptr) source_ = new std::stop_source;
    // Either this sees the stop, or that has seen the source.
    if (stopped_) source_.load()->request_stop();
    return *source_;
  }

 private:
  std::atomic<bool> requested_ = false;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::stop_source*> source_ = nullptr;  // owned
};

}  // namespace mqrpc::internal

#endif  // MQRPC_CANCELLATION_H_

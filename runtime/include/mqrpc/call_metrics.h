#ifndef MQRPC_CALL_METRICS_H_
#define MQRPC_CALL_METRICS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqrpc/interceptor.h"
#include "mqrpc/latency_histogram.h"
#include "mqrpc/stats.h"

namespace mqrpc {

// What has become of the calls of one method.
struct MethodMetrics {
  std::string method = {};  // `acme.Thermostat/SetTarget`
  uint64_t calls_in_progress = 0;
  CountsByCode outcomes = {};  // of those that have ended
  LatencyHistogram latency = {};
  uint64_t request_bytes = 0;
  uint64_t reply_bytes = 0;
};

// Counts and times the calls of each method apart, where the stats() of channels and servers do it
// for all together.
//
//   mqrpc::CallMetrics metrics;
//   mqrpc::Channel channel(*transport, {.interceptors = {&metrics}});
//   for (const mqrpc::MethodMetrics& method : metrics.Snapshot()) Export(method);
//
// One object counts one side, or what calls and what is called become one figure. Thread-safe.
// Must outlive the channels and servers.
class CallMetrics final : public ClientInterceptor, public ServerInterceptor {
 public:
  CallMetrics();
  ~CallMetrics() override;

  void Intercept(OutgoingCall& call) override;
  void Intercept(IncomingCall& call) override;

  // Of the methods that were called, by name. Each figure is right, though they may not all be of
  // the same instant.
  std::vector<MethodMetrics> Snapshot() const;

 private:
  class Table;

  void Count(InterceptedCall& call, const std::string& method, size_t request_bytes);

  // Shared with the calls that have not ended.
  const std::shared_ptr<Table> table_;
};

}  // namespace mqrpc

#endif  // MQRPC_CALL_METRICS_H_

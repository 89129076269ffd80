#ifndef MQRPC_CALL_LOG_H_
#define MQRPC_CALL_LOG_H_

#include <cstddef>
#include <string>
#include <utility>

#include "mqrpc/interceptor.h"
#include "mqrpc/log.h"

namespace mqrpc {

// Writes a line for every call when it has ended: kInfo if it was OK, else kWarning.
//
//   acme.Thermostat/SetTarget OK after 1.25ms (9 bytes, answered with 9)
//   acme.Thermostat/SetTarget OUT_OF_RANGE: too hot, after 830us (9 bytes)
//
//   mqrpc::CallLog log(sink);
//   mqrpc::Channel channel(*transport, {.interceptors = {&log}});
//   mqrpc::Server server(*transport, {.interceptors = {&log}});
//
// Thread-safe, if the sink is. Must outlive the channels and servers, and their calls.
class CallLog final : public ClientInterceptor, public ServerInterceptor {
 public:
  explicit CallLog(LogSink sink) : sink_(std::move(sink)) {}

  void Intercept(OutgoingCall& call) override;
  void Intercept(IncomingCall& call) override;

 private:
  void LogEnd(InterceptedCall& call, std::string method, size_t request_bytes);

  const LogSink sink_;
};

}  // namespace mqrpc

#endif  // MQRPC_CALL_LOG_H_

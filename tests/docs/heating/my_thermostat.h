#ifndef MQRPC_TESTS_DOCS_MY_THERMOSTAT_H_
#define MQRPC_TESTS_DOCS_MY_THERMOSTAT_H_

#include <atomic>

#include "mqrpc/status_details.h"
#include "thermostat.mqrpc.pb.h"

class MyThermostat final : public acme::Thermostat::Service {
  absl::StatusOr<acme::SetTargetReply> SetTarget(
      mqrpc::ServerContext& context,
      const acme::SetTargetRequest& request) override {
    if (context.TimeRemaining() < absl::Milliseconds(1)) {
      return absl::DeadlineExceededError("too late to turn the valve");
    }
    if (request.celsius() < 5 || request.celsius() > 30) {
      absl::Status status = absl::OutOfRangeError("that is not a temperature to live in");
      acme::TargetRange range;
      range.set_lowest_celsius(5);
      range.set_highest_celsius(30);
      mqrpc::AddDetail(status, range);
      return status;
    }
    acme::SetTargetReply reply;
    reply.set_previous_celsius(target_.exchange(request.celsius()));
    return reply;
  }

  std::atomic<double> target_ = 20;  // handlers run on several threads
};

#endif  // MQRPC_TESTS_DOCS_MY_THERMOSTAT_H_

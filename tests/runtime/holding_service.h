#ifndef MQRPC_TESTS_RUNTIME_HOLDING_SERVICE_H_
#define MQRPC_TESTS_RUNTIME_HOLDING_SERVICE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "mqrpc/service.h"

namespace mqrpc::tests {

// Calls are held until the test answers them.
class HoldingService final : public Service {
 public:
  ServiceDescriptor mqrpc_descriptor() override {
    return {
        .name = "acme.Valve",
        .methods = {
            {{.name = "Open"}, Hold()},
            {{.name = "Set", .idempotency = Idempotency::kIdempotent}, Hold()},
            {{.name = "Get", .idempotency = Idempotency::kNoSideEffects}, Hold()}}};
  }

  size_t runs() const { return runs_; }

  // That of the oldest one.
  ServerContext& context() { return held_.front()->context(); }

  // The oldest one.
  void Answer(absl::StatusOr<std::string> result) {
    std::unique_ptr<ServerCall> call = std::move(held_.front());
    held_.pop_front();
    if (result.ok()) call->Write(*result);
    call->Finish(result.status());
  }

 private:
  Handler Hold() {
    return [this](std::unique_ptr<ServerCall> call) {
      ++runs_;
      held_.push_back(std::move(call));
    };
  }

  size_t runs_ = 0;
  std::deque<std::unique_ptr<ServerCall>> held_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_HOLDING_SERVICE_H_

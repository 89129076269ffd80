#include "bed.h"

#include <utility>

#include "gtest/gtest.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "mqrpc/testing/manual_loop.h"

namespace mqrpc::tests {
namespace {

class InProcessBed final : public Bed {
 public:
  explicit InProcessBed(const BedOptions& options) : broker_({.max_queued = options.max_queued}) {}

  absl::StatusOr<std::unique_ptr<Transport>> Connect(std::string client_id) override {
    return broker_.Connect(std::move(client_id));
  }

 private:
  InProcessBroker broker_;
};

class VirtualTimeBed final : public Bed {
 public:
  explicit VirtualTimeBed(const BedOptions& options)
      : broker_(loop_, {.max_queued = options.max_queued}) {}

  absl::StatusOr<std::unique_ptr<Transport>> Connect(std::string client_id) override {
    return broker_.Connect(std::move(client_id));
  }
  bool RunUntilIdle() override {
    loop_.RunUntilIdle();
    return true;
  }

 private:
  testing::ManualLoop loop_;
  InProcessBroker broker_;
};

class MosquittoBed final : public Bed {
 public:
  MosquittoBed(std::unique_ptr<testing::LocalBroker> broker, std::string address, size_t max_queued)
      : broker_(std::move(broker)), address_(std::move(address)), max_queued_(max_queued) {}

  absl::StatusOr<std::unique_ptr<Transport>> Connect(std::string client_id) override {
    return ConnectMosquitto(
        {.broker = address_, .client_id = std::move(client_id), .max_queued = max_queued_});
  }

 private:
  std::unique_ptr<testing::LocalBroker> broker_;
  std::string address_;
  size_t max_queued_;
};

std::unique_ptr<Bed> MakeMosquittoBed(BedKind kind, const BedOptions& options) {
  // With its default of 1000 it loses what it has acknowledged, when a subscriber is slower.
  auto broker = testing::LocalBroker::Start({.extra_config = "max_queued_messages 1000000"});
  EXPECT_TRUE(broker.ok()) << broker.status();
  if (!broker.ok()) return nullptr;
  std::string address =
      kind == BedKind::kMosquittoUnix ? (*broker)->unix_address() : (*broker)->address();
  return std::make_unique<MosquittoBed>(*std::move(broker), std::move(address), options.max_queued);
}

}  // namespace

std::unique_ptr<Bed> MakeBed(BedKind kind, const BedOptions& options) {
  if (kind == BedKind::kInProcess) return std::make_unique<InProcessBed>(options);
  if (kind == BedKind::kVirtualTime) return std::make_unique<VirtualTimeBed>(options);
  return MakeMosquittoBed(kind, options);
}

const char* NameOf(BedKind kind) {
  constexpr const char* kNames[] = {"InProcess", "VirtualTime", "MosquittoTcp", "MosquittoUnix"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace mqrpc::tests

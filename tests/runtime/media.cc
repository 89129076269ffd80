#include "media.h"

#include <cstdlib>
#include <utility>

#include "mqrpc/mosquitto_transport.h"

namespace mqrpc::tests {
namespace {

// Without it there is nothing to go on with.
template <class T>
T ValueOrAbort(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  ADD_FAILURE() << result.status();
  std::abort();
}

}  // namespace

const char* NameOf(Medium medium) {
  constexpr const char* kNames[] = {"InProcess", "Tcp", "UnixSocket"};
  return kNames[static_cast<int>(medium)];
}

void MediumTest::SetUp() {
  if (GetParam() == Medium::kInProcess) {
    in_process_ = std::make_unique<InProcessBroker>();
  } else {
    mosquitto_ = ValueOrAbort(testing::LocalBroker::Start());
  }
}

Transport& MediumTest::Connect(const std::string& client_id) {
  transports_.push_back(TryConnect(client_id));
  return *transports_.back();
}

std::unique_ptr<Transport> MediumTest::TryConnect(const std::string& client_id) {
  if (in_process_ != nullptr) return ValueOrAbort(in_process_->Connect(client_id));
  bool is_tcp = GetParam() == Medium::kTcp;
  return ValueOrAbort(ConnectMosquitto(
      {.broker = is_tcp ? mosquitto_->address() : mosquitto_->unix_address(),
       .client_id = client_id}));
}

}  // namespace mqrpc::tests

#ifndef MQRPC_TESTS_RUNTIME_MEDIA_H_
#define MQRPC_TESTS_RUNTIME_MEDIA_H_

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/testing/local_broker.h"
#include "mqrpc/transport.h"

namespace mqrpc::tests {

// What calls travel through.
enum class Medium { kInProcess, kTcp, kUnixSocket };

const char* NameOf(Medium medium);
inline void PrintTo(Medium medium, std::ostream* out) { *out << NameOf(medium); }

// Real time, real threads, and a broker without any settings of its own.
class MediumTest : public ::testing::TestWithParam<Medium> {
 protected:
  void SetUp() override;

  // A connection that lives as long as the test.
  Transport& Connect(const std::string& client_id);

 private:
  std::unique_ptr<Transport> TryConnect(const std::string& client_id);

  std::unique_ptr<InProcessBroker> in_process_;
  std::unique_ptr<testing::LocalBroker> mosquitto_;
  std::vector<std::unique_ptr<Transport>> transports_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_MEDIA_H_

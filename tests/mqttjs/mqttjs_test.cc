// MQTT.js as a client and as a responder, each a process of its own: what docs/protocol.md says is
// enough to join in.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "calculator.mqrpc.pb.h"
#include "mqrpc/channel.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/server.h"
#include "mqrpc/status_details.h"
#include "mqrpc/testing/local_broker.h"
#include "testing/child_process.h"

namespace mqrpc::tests {
namespace {

using namespace examples::calculator::v1;  // NOLINT: they are what is tested

class MyCalculator final : public Calculator::Service {
  absl::StatusOr<AddReply> Add(ServerContext& context, const AddRequest& request) override {
    if (const std::string* tenant = context.headers().Find("tenant")) {
      absl::Status added = context.AddHeader("served", *tenant);
      if (!added.ok()) return added;
    }
    AddReply reply;
    reply.set_sum(request.a() + request.b());
    return reply;
  }

  absl::StatusOr<DivideReply> Divide(ServerContext&, const DivideRequest& request) override {
    absl::Status status = absl::InvalidArgumentError("division by zero");
    DivisionByZero detail;
    detail.set_dividend(request.dividend());
    AddDetail(status, detail);
    return status;
  }
};

class MqttJsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(Script("node_modules/mqtt"))) {
      GTEST_SKIP() << "npm could not fetch MQTT.js: see the test mqttjs_package";
    }
    auto broker = testing::LocalBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    auto connection = ConnectMosquitto({.broker = broker_->address()});
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
  }

  std::string Script(const std::string& name) const { return MQRPC_MQTTJS_DIR "/" + name; }

  std::string ReadLog() const {
    std::ifstream file(log_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  testing::ChildProcess StartResponder() {
    auto process = testing::ChildProcess::Start(
        {MQRPC_NODE, Script("responder.mjs"), broker_->address()},
        log_);
    EXPECT_TRUE(process.ok()) << process.status();
    return *std::move(process);
  }

  const std::string log_ = ::testing::TempDir() + "/mqttjs-" + std::to_string(getpid()) + ".log";
  std::unique_ptr<testing::LocalBroker> broker_;
  std::unique_ptr<Transport> connection_;
};

TEST_F(MqttJsTest, CallsAServiceOfOurs) {
  MyCalculator service;
  Server server(*connection_);
  ASSERT_TRUE(server.Register(service).ok());
  ASSERT_TRUE(server.Start().ok());
  std::string command = std::string(MQRPC_NODE) + " '" + Script("client.mjs") + "' '" +
                        broker_->address() + "' > '" + log_ + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << ReadLog();
}

TEST_F(MqttJsTest, AnswersAStubOfOurs) {
  std::vector<testing::ChildProcess> responders;
  for (int i = 0; i < 2; ++i) responders.push_back(StartResponder());
  Channel channel(
      *connection_,
      {.timeout = absl::Minutes(2), .wait_for_ready = true, .encoding = Encoding::kJson});
  Calculator::Stub calculator(channel);

  std::vector<Call<AddReply>> calls;
  for (int i = 0; i < 100; ++i) {
    AddRequest request;
    request.set_a(i);
    request.set_b(0.5);
    calls.push_back(calculator.AddAsync(request));
  }
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<AddReply> reply = calls[i].Wait();
    ASSERT_TRUE(reply.ok()) << reply.status() << "\n" << ReadLog();
    EXPECT_EQ(reply->sum(), i + 0.5);
  }
  EXPECT_EQ(calculator.Divide({}).status(), absl::InvalidArgumentError("division by zero"));
  EXPECT_EQ(calculator.AddSlowly({}).status().code(), absl::StatusCode::kUnimplemented);

  for (testing::ChildProcess& responder : responders) responder.Kill();
  absl::Status nobody;
  // The broker learns of their end from the kernel, a moment after us.
  while (nobody.ok()) {
    nobody = calculator.Add({}, {.timeout = absl::Seconds(1), .wait_for_ready = false}).status();
    if (absl::IsDeadlineExceeded(nobody)) nobody = absl::OkStatus();
  }
  EXPECT_EQ(nobody.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace mqrpc::tests

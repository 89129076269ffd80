// What docs/guide.md shows of a call's surroundings: giving up, metadata, interceptors.

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "mqrpc/call_log.h"
#include "mqrpc/channel.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/server.h"
#include "valve.mqrpc.pb.h"

class StuckValve final : public acme::Valve::Service {
 public:
  std::promise<void> runs;
  std::promise<void> stopped;

 private:
  absl::StatusOr<acme::TurnReply> Turn(
      mqrpc::ServerContext& context,
      const acme::TurnRequest& request) override {
    runs.set_value();
    absl::StatusOr<acme::TurnReply> reply = WaitFor(context, request);
    EXPECT_EQ(reply.status().code(), absl::StatusCode::kCancelled);
    stopped.set_value();
    return reply;
  }

  absl::StatusOr<acme::TurnReply> WaitFor(
      mqrpc::ServerContext& context,
      const acme::TurnRequest& request) {
    std::unique_lock lock(mutex_);
    bool is_there =
        turned_.wait(lock, context.stop_token(), [&] { return position_ == request.degrees(); });
    if (!is_there) return absl::CancelledError("nobody waits for the valve any more");
    return acme::TurnReply();
  }

  std::mutex mutex_;
  std::condition_variable_any turned_;
  double position_ = 0;
};

class TenantsValve final : public acme::Valve::Service {
  absl::StatusOr<acme::TurnReply> Turn(mqrpc::ServerContext& context, const acme::TurnRequest&)
      override {
    const std::string* tenant = context.headers().Find("tenant");
    if (tenant == nullptr) return absl::UnauthenticatedError("which tenant is it for?");
    absl::Status added = context.AddTrailer("took", "12 ms");
    if (!added.ok()) return added;
    return acme::TurnReply();
  }
};

class Gateway final : public acme::Valve::Service {
 public:
  std::string last_turned() const { return last_turned_; }

 private:
  absl::StatusOr<acme::TurnReply> Turn(mqrpc::ServerContext& context, const acme::TurnRequest&)
      override {
    last_turned_ = context.instance();
    return acme::TurnReply();
  }

  std::string last_turned_;
};

class Authorise final : public mqrpc::ServerInterceptor {
  void Intercept(mqrpc::IncomingCall& call) override {
    const std::string* token = call.headers().Find("authorization");
    if (token == nullptr) return call.Answer(absl::UnauthenticatedError("who are you?"));
    call.headers().Add("tenant", token->substr(0, token->find(':')));
    call.AtEnd([](mqrpc::CallEnd& end) {
      if (!end.result.ok()) end.metadata.trailers.Add("help", "ask@acme.example");
    });
  }
};

class GuideContextTest : public testing::Test {
 protected:
  void Serve(mqrpc::Service& service) {
    server_ = std::make_unique<mqrpc::Server>(*server_connection_);
    ASSERT_TRUE(server_->Register(service).ok());
    ASSERT_TRUE(server_->Start().ok());
  }

  mqrpc::InProcessBroker broker_;
  std::unique_ptr<mqrpc::Transport> server_connection_ = *broker_.Connect("valve");
  std::unique_ptr<mqrpc::Transport> connection_ = *broker_.Connect("caller");
  std::unique_ptr<mqrpc::Server> server_;
  mqrpc::Channel channel_{*connection_};
};

TEST_F(GuideContextTest, ACallThatIsGivenUpStopsItsHandler) {
  StuckValve service;
  Serve(service);
  acme::Valve::Stub valve(channel_);
  acme::TurnRequest request;
  request.set_degrees(90);

  auto call = valve.TurnAsync(request);
  service.runs.get_future().wait();
  call.Cancel();

  service.stopped.get_future().wait();
  server_.reset();
}

TEST_F(GuideContextTest, MetadataTravelsBesideTheRequestAndTheReply) {
  TenantsValve service;
  Serve(service);
  acme::Valve::Stub valve(channel_);
  acme::TurnRequest request;

  auto metadata = std::make_shared<mqrpc::ReplyMetadata>();
  auto reply = valve.Turn(request, {.headers = {{"tenant", "acme"}}, .reply_metadata = metadata});
  const std::string* took = metadata->trailers.Find("took");

  ASSERT_TRUE(reply.ok()) << reply.status();
  ASSERT_NE(took, nullptr);
  EXPECT_EQ(*took, "12 ms");
  EXPECT_EQ(valve.Turn(request).status().code(), absl::StatusCode::kUnauthenticated);
  server_.reset();
}

TEST_F(GuideContextTest, AGatewayIsCalledByTheNamesOfItsDevices) {
  mqrpc::Transport& transport = *server_connection_;
  Gateway service;
  mqrpc::Server server(transport, {.instances = {"boiler-7", "boiler-8"}});
  ASSERT_TRUE(server.Register(service).ok());
  ASSERT_TRUE(server.Start().ok());
  acme::Valve::Stub valve(channel_);
  acme::TurnRequest request;

  auto reply = valve.Turn(request, {.instance = "boiler-7"});

  EXPECT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(service.last_turned(), "boiler-7");
}

TEST_F(GuideContextTest, InterceptorsStandBetween) {
  mqrpc::Transport& transport = *server_connection_;
  TenantsValve service;
  Authorise authorise;
  mqrpc::CallLog log([](mqrpc::LogLevel, std::string_view line) { std::cerr << line << "\n"; });
  mqrpc::Server server(transport, {.interceptors = {&log, &authorise}});
  ASSERT_TRUE(server.Register(service).ok());
  ASSERT_TRUE(server.Start().ok());
  acme::Valve::Stub valve(channel_);

  auto reply = valve.Turn({}, {.headers = {{"authorization", "acme:1234"}}});

  EXPECT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(valve.Turn({}).status().code(), absl::StatusCode::kUnauthenticated);
}

// What docs/guide.md shows of topics, of asking everyone, and of who is there.

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <string>

#include "mqrpc/channel.h"
#include "mqrpc/directory.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/server.h"
#include "plant.mqrpc.pb.h"

class MyPlant final : public acme::Plant::Service {
 public:
  explicit MyPlant(bool is_ready) : is_ready_(is_ready) {}

 private:
  absl::StatusOr<acme::OpenReply> Open(
      mqrpc::ServerContext& context,
      const acme::OpenRequest& request) override {
    std::string plant(context.topic_token("plant"));
    acme::OpenReply reply;
    reply.set_opened(plant + ": " + request.valve());
    return reply;
  }

  absl::StatusOr<acme::ProbeReply> Probe(mqrpc::ServerContext& context, const acme::ProbeRequest&)
      override {
    if (!is_ready_) return context.Decline("not set up yet");
    return acme::ProbeReply();
  }

  const bool is_ready_;
};

class GuideTopicsTest : public testing::Test {
 protected:
  // A server on a connection of its own.
  struct Served {
    Served(mqrpc::InProcessBroker& broker, const std::string& name, bool is_ready)
        : connection(*broker.Connect(name)), service(is_ready), server(*connection) {
      EXPECT_TRUE(server.Register(service).ok());
      EXPECT_TRUE(server.Start().ok());
    }
    std::unique_ptr<mqrpc::Transport> connection;
    MyPlant service;
    mqrpc::Server server;
  };

  mqrpc::InProcessBroker broker_;
  std::unique_ptr<mqrpc::Transport> connection_ = *broker_.Connect("caller");
};

TEST_F(GuideTopicsTest, AMethodHasItsOwn) {
  Served served(broker_, "one", true);
  mqrpc::Channel channel(*connection_, {.topic_tokens = {{"plant", "north"}}});
  acme::OpenRequest request;
  request.set_valve("7");
  auto reply = acme::Plant::Stub(channel).Open(request);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->opened(), "north: 7");
}

TEST_F(GuideTopicsTest, EveryoneIsAsked) {
  Served one(broker_, "one", true), two(broker_, "two", true), three(broker_, "three", false);
  mqrpc::Channel channel(*connection_);
  acme::Plant::Stub plant(channel);

  mqrpc::Directory directory(*connection_);
  auto servers = directory.Discover<acme::Plant>();
  ASSERT_TRUE(servers.ok()) << servers.status();
  EXPECT_EQ(servers->size(), 3u);

  auto query = plant.Probe({}, {.window = absl::Seconds(2), .max_answers = 2});
  while (auto answer = query.Next()) {
    std::cout << answer->responder << ": " << answer->result.status() << "\n";
  }
  if (query.end() == mqrpc::QueryEnd::kEnough) std::cout << "all are there\n";

  EXPECT_EQ(query.end(), mqrpc::QueryEnd::kEnough);
}

#ifndef MQRPC_TESTS_RUNTIME_FAKE_ECHO_H_
#define MQRPC_TESTS_RUNTIME_FAKE_ECHO_H_

#include <functional>
#include <string>
#include <utility>

#include "gate.h"
#include "gtest/gtest.h"
#include "mqrpc/server.h"
#include "status_matchers.h"
#include "support/events.h"
#include "test.mqrpc.pb.h"

namespace mqrpc::tests {

inline Text MakeText(std::string text) {
  Text message;
  message.set_text(std::move(text));
  return message;
}

// The service of test.proto as functions; one that is not set answers UNIMPLEMENTED.
struct FakeEcho final : Echo::Service {
  using Method = std::function<absl::StatusOr<Text>(ServerContext&, const Text&)>;

  Method say = nullptr;
  Method ask = nullptr;
  Method ping = nullptr;

  absl::StatusOr<Text> Say(ServerContext& context, const Text& request) override {
    return say ? say(context, request) : Service::Say(context, request);
  }
  absl::StatusOr<Text> Ask(ServerContext& context, const Text& request) override {
    return ask ? ask(context, request) : Service::Ask(context, request);
  }
  absl::StatusOr<Text> Ping(ServerContext& context, const Text& request) override {
    return ping ? ping(context, request) : Service::Ping(context, request);
  }
};

inline absl::StatusOr<Text> SayTheSame(ServerContext&, const Text& request) { return request; }

// Says the same once the gate is open. It and the log, which has an item for each that waits there,
// must outlive the calls.
inline FakeEcho::Method SayTheSameBehind(Gate& gate, EventLog<int>* running = nullptr) {
  return [&gate, running](ServerContext&, const Text& request) -> absl::StatusOr<Text> {
    if (running != nullptr) running->Add(1);
    EXPECT_TRUE(gate.Wait());
    return request;
  };
}

// A server that has been started, with one service, which outlives it.
class RunningServer {
 public:
  RunningServer(Transport& transport, Service& service, ServerOptions options = {})
      : server_(transport, std::move(options)) {
    EXPECT_THAT(server_.Register(service), IsOk());
    EXPECT_THAT(server_.Start(), IsOk());
  }

  Server* operator->() { return &server_; }

 private:
  Server server_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_FAKE_ECHO_H_

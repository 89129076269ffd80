#ifndef MQRPC_TESTS_RUNTIME_VIRTUAL_SERVER_TEST_H_
#define MQRPC_TESTS_RUNTIME_VIRTUAL_SERVER_TEST_H_

#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "mqrpc/server.h"
#include "status_matchers.h"
#include "virtual_network.h"

namespace mqrpc::tests {

// A server of one service in virtual time, without workers, and a client that publishes what the
// test says and keeps what is sent to `answers/…`.
template <class OneService>
class VirtualServerTest : public ::testing::Test {
 protected:
  VirtualServerTest() { client_.Subscribe("answers/#"); }

  void Start(ServerOptions options = {}) {
    options.workers = 0;
    options.log = network_.log.Sink();
    server_ = std::make_unique<Server>(*connection_, std::move(options));
    ASSERT_THAT(server_->Register(service_), IsOk());
    ASSERT_THAT(server_->Start(), IsOk());
    network_.loop.RunUntilIdle();
  }

  VirtualNetwork network_;
  Peer client_ = network_.MakePeer("client");
  OneService service_;
  std::unique_ptr<Transport> connection_ = network_.Connect("server");
  std::unique_ptr<Server> server_;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_VIRTUAL_SERVER_TEST_H_

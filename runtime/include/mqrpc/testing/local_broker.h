#ifndef MQRPC_TESTING_LOCAL_BROKER_H_
#define MQRPC_TESTING_LOCAL_BROKER_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mqrpc::testing {

struct LocalBrokerOptions {
  // Lines appended to the broker's configuration, such as `max_inflight_messages 200`. Those that
  // are of a listener are the unix socket's.
  std::string extra_config = {};

  // The broker's program. Empty: `mosquitto` on PATH, else in /usr/sbin or /usr/local/sbin.
  std::string program = {};
};

// A private `mosquitto` process for tests: on a free port of 127.0.0.1 and on a unix socket, with
// its files in a temporary folder. It ends, and the folder with it, when the object is destroyed.
// The kernel also kills it when the thread that started it ends, so that none outlives a test that
// crashes: start it on a thread that stays. Link `mqrpc::testing`.
//
//   auto broker = mqrpc::testing::LocalBroker::Start();
//   ASSERT_TRUE(broker.ok()) << broker.status();
//   auto transport = mqrpc::ConnectMosquitto({.broker = (*broker)->address()});
//
// Not thread-safe, except for the accessors.
class LocalBroker {
 public:
  // Returns when the broker accepts connections. Errors: NOT_FOUND if there is no `mosquitto`
  // program, naming the package to install; INTERNAL with the broker's own output if it does not
  // come up.
  static absl::StatusOr<std::unique_ptr<LocalBroker>> Start(LocalBrokerOptions options = {});
  ~LocalBroker();

  LocalBroker(const LocalBroker&) = delete;
  LocalBroker& operator=(const LocalBroker&) = delete;

  const std::string& address() const;       // mqtt://127.0.0.1:PORT
  const std::string& unix_address() const;  // unix:///tmp/…/mosquitto.sock
  int port() const;
  const std::string& socket_path() const;
  pid_t pid() const;  // 0 while it is stopped

  // What the broker has written so far.
  std::string Log() const;

  // SIGTERM and SIGKILL, both waited for; the address stays reserved for Restart(), which stops the
  // broker if it runs, and has the errors of Start().
  void Stop();
  void Kill();
  absl::Status Restart();

 private:
  struct State;
  explicit LocalBroker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mqrpc::testing

#endif  // MQRPC_TESTING_LOCAL_BROKER_H_

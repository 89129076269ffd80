#ifndef MQRPC_BENCH_FLOOR_CONNECTION_H_
#define MQRPC_BENCH_FLOOR_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/message.h"

struct mosquitto;
struct mosquitto_message;
typedef struct mqtt5__property mosquitto_property;

namespace mqrpc::bench {

// What a call carries over MQTT, and nothing more; the same as in a call of mqrpc. Empty fields are
// not sent.
struct FloorMessage {
  std::string topic = {};
  std::string payload = {};
  std::string response_topic = {};
  std::string correlation = {};
  std::string timeout_millis = {};  // the user property `mqrpc-timeout`
  uint32_t expiry_seconds = 0;
};

// libmosquitto used as well as we know how, and nothing on top of it: one thread which polls, reads
// all that there is, and then writes what came of it, in as few segments as TCP allows; no more
// unacknowledged messages than libmosquitto handles quickly; and the broker never left waiting for
// an acknowledgement of TCP. Everything happens inside Turn, on the caller's thread.
class FloorConnection {
 public:
  struct Options {
    std::string broker = {};  // `mqtt://host:port` or `unix:///path`
    std::string client_id = {};
    QoS qos = QoS::kAtLeastOnce;  // of all that is published
    int window = 100;             // QoS 1 messages inside libmosquitto; the broker may lower it
  };

  // Must not destroy the connection. Fields of `message` and `properties` live as long as the call.
  using OnMessage =
      absl::AnyInvocable<void(const mosquitto_message&, const mosquitto_property* properties)>;

  // Returns when the broker has accepted the connection.
  static absl::StatusOr<std::unique_ptr<FloorConnection>> Connect(
      Options options,
      OnMessage on_message);
  ~FloorConnection();

  FloorConnection(const FloorConnection&) = delete;
  FloorConnection& operator=(const FloorConnection&) = delete;

  // Returns when the broker has granted it.
  absl::Status Subscribe(const std::string& filter);

  // Leaves in this turn or, when the window is full, a later one.
  void Publish(const FloorMessage& message);

  // Waits for input for at most `timeout`, or until `other_fd` (-1: none) has some, and handles
  // what came. Answers whether `other_fd` has input; an error: the connection is lost.
  absl::StatusOr<bool> Turn(absl::Duration timeout, int other_fd = -1);

 private:
  struct Callbacks;

  FloorConnection(Options options, OnMessage on_message);
  absl::Status Open();
  absl::Status AwaitAnswer(const char* what);
  void Send(const FloorMessage& message);
  void Read();
  void SendBacklog();
  void Write();
  void SetTcpOption(int option, int value);
  void Check(const char* doing, int error);

  const Options options_;
  OnMessage on_message_;
  mosquitto* client_ = nullptr;
  bool is_tcp_ = false;
  int64_t next_misc_ = 0;

  int window_;
  int unacknowledged_ = 0;
  int packets_ = 0;  // to be written in this turn
  std::deque<FloorMessage> backlog_;
  std::optional<int> answer_;  // reason code of the CONNACK or SUBACK that is awaited
  absl::Status status_;
};

}  // namespace mqrpc::bench

#endif  // MQRPC_BENCH_FLOOR_CONNECTION_H_

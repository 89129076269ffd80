#ifndef MQRPC_MOSQUITTO_CLIENT_H_
#define MQRPC_MOSQUITTO_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker_address.h"
#include "mqrpc/message.h"

struct mosquitto;

namespace mqrpc::internal {

// One MQTT 5 connection on libmosquitto, from connecting to its loss, in the words of our own
// types: with its properties the only piece that includes <mosquitto.h>. It has no thread; its
// owner calls Read when there is input, Write after anything else, and Misc once a second, all on
// one thread, and looks at `closed` after each of them. A connection is never used again: after a
// loss the owner makes another, so nothing is re-sent behind its back.
class MosquittoClient {
 public:
  struct Options {
    BrokerAddress address = {};
    std::string client_id = {};
    std::string username = {};
    std::string password = {};
    int keep_alive_seconds = 30;
    int max_in_flight = 100;
    bool clean_start = true;
    uint32_t session_expiry_seconds = 0;
    bool request_response_information = false;
    std::string presence_topic = {};  // cleared by the will; empty: no will
  };

  // What the broker's CONNACK said.
  struct Accepted {
    int receive_maximum = 0;  // unacknowledged messages, at most
    bool session_is_present = false;
    bool session_will_be_kept = false;  // when the connection is lost
    std::optional<std::string> response_information = {};
  };

  // What comes from the broker, called inside Read. The client must not be destroyed in them.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnAccepted(const Accepted& accepted) = 0;
    virtual void OnMessage(Message message) = 0;
    virtual void OnPublishAck(int mid, ReasonCode reason) = 0;
    virtual void OnSubscribeAck(int mid, ReasonCode reason) = 0;
    virtual void OnUnsubscribeAck(int mid) = 0;
  };

  // Resolves the name and connects the socket, which blocks; the broker's answer comes with Read.
  // UNAVAILABLE if nobody is there.
  static absl::StatusOr<std::unique_ptr<MosquittoClient>> Connect(const Options& options);
  ~MosquittoClient();

  MosquittoClient(const MosquittoClient&) = delete;
  MosquittoClient& operator=(const MosquittoClient&) = delete;

  // Before the first Read; must outlive the client.
  void SetEvents(Events* events) { events_ = events; }

  int fd() const;
  void Read();
  void Write();
  void Misc();

  // Whether the last Write left something that the socket did not take.
  bool WantsWrite() const;

  // Not OK once the connection has ended, and why: PERMISSION_DENIED if the broker refused the name
  // or the credentials.
  const absl::Status& closed() const { return closed_; }

  // Each gives the packet's id, by which its acknowledgement is known. Errors of Publish:
  // RESOURCE_EXHAUSTED, the message is larger than the broker's maximum; INVALID_ARGUMENT, the
  // broker does not serve its QoS; UNAVAILABLE, the connection has ended. Strings have been checked
  // before.
  absl::StatusOr<int> Publish(const Message& message);
  absl::StatusOr<int> Subscribe(const std::string& filter, QoS qos, bool wants_retained);
  absl::StatusOr<int> Unsubscribe(const std::string& filter);

  // Sends a DISCONNECT, so that the broker fires no will, and ends the session.
  void Disconnect();

 private:
  struct Callbacks;  // from libmosquitto's C to our methods

  MosquittoClient(const Options& options, mosquitto* client);
  void Check(const char* doing, int error);
  void SetTcpOption(int option, int value);

  const Options options_;
  const bool is_tcp_;
  mosquitto* const client_;
  int packets_ = 0;        // to be written, about
  bool has_read_ = false;  // since the last Write
  Events* events_ = nullptr;
  bool accepted_ = false;
  absl::Status closed_;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_MOSQUITTO_CLIENT_H_

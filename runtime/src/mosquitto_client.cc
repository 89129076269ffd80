#include "mosquitto_client.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mosquitto_properties.h"

namespace mqrpc::internal {
namespace {

constexpr int kMostReads = 256;
constexpr int kReceiveMaximum = 65535;

std::string ErrorText(int error) {
  return error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error);
}

// A CONNACK or DISCONNECT with a reason code of MQTT 5 sections 3.2.2.2 and 3.14.2.1.
absl::Status StatusOfRefusal(int reason) {
  std::string text =
      absl::StrCat(mosquitto_reason_string(reason), " (reason code 0x", absl::Hex(reason), ")");
  switch (reason) {
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
    case MQTT_RC_NOT_AUTHORIZED:
    case MQTT_RC_CLIENTID_NOT_VALID:
    case MQTT_RC_BANNED:
      return absl::PermissionDeniedError(absl::StrCat("the broker refuses us: ", text));
    case MQTT_RC_SESSION_TAKEN_OVER:
      return absl::UnavailableError(
          absl::StrCat("another connection uses our client id, which must be unique: ", text));
    case 1:  // MQTT 3.1.1's word for it
    case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION:
      return absl::UnavailableError("the broker does not speak MQTT 5");
    default:
      return absl::UnavailableError(absl::StrCat("the broker closed the connection: ", text));
  }
}

}  // namespace

struct MosquittoClient::Callbacks {
  static MosquittoClient& Self(void* self) { return *static_cast<MosquittoClient*>(self); }

  static void OnConnect(
      mosquitto*,
      void* self,
      int reason,
      int flags,
      const mosquitto_property* properties) {
    if (reason != 0) {
      Self(self).closed_ = StatusOfRefusal(reason);
      return;
    }
    // Section 3.2: a second one is against the protocol.
    if (std::exchange(Self(self).accepted_, true)) {
      Self(self).closed_ = absl::UnavailableError("the broker has accepted the connection twice");
      return;
    }
    bool session_present = (flags & 1) != 0;  // MQTT 5 section 3.2.2.1.1
    Self(self).events_->OnAccepted(ReadAccepted(Self(self).options_, session_present, properties));
  }

  static void OnDisconnect(mosquitto*, void* self, int reason, const mosquitto_property*) {
    // Reasons below 0x80 are libmosquitto's own errors; the first cause is the true one.
    if (!Self(self).closed_.ok()) return;
    Self(self).closed_ = reason >= 0x80 ? StatusOfRefusal(reason)
                                        : absl::UnavailableError(mosquitto_strerror(reason));
  }

  static void OnMessage(
      mosquitto*,
      void* self,
      const mosquitto_message* message,
      const mosquitto_property* properties) {
    if (message->qos > 0) ++Self(self).packets_;  // its acknowledgement
    Self(self).events_->OnMessage(ReadMessage(*message, properties));
  }

  static void OnPublish(mosquitto*, void* self, int mid, int reason, const mosquitto_property*) {
    Self(self).events_->OnPublishAck(mid, static_cast<ReasonCode>(reason));
  }

  static void OnSubscribe(
      mosquitto*,
      void* self,
      int mid,
      int count,
      const int* granted,
      const mosquitto_property*) {
    int reason = count > 0 ? granted[0] : 0x80;
    Self(self).events_->OnSubscribeAck(
        mid,
        reason < 0x80 ? ReasonCode::kSuccess : static_cast<ReasonCode>(reason));
  }

  static void OnUnsubscribe(mosquitto*, void* self, int mid, const mosquitto_property*) {
    Self(self).events_->OnUnsubscribeAck(mid);
  }
};

absl::StatusOr<std::unique_ptr<MosquittoClient>> MosquittoClient::Connect(const Options& options) {
  static std::once_flag library;  // libmosquitto's own initialisation is not thread-safe
  std::call_once(library, [] { mosquitto_lib_init(); });

  mosquitto* client = mosquitto_new(options.client_id.c_str(), options.clean_start, nullptr);
  if (client == nullptr) return absl::UnavailableError(strerror(errno));
  std::unique_ptr<MosquittoClient> connection(new MosquittoClient(options, client));
  if (!options.presence_topic.empty()) {
    mosquitto_will_set_v5(client, options.presence_topic.c_str(), 0, nullptr, 1, true, nullptr);
  }
  int error = mosquitto_connect_bind_v5(
      client,
      options.address.host.c_str(),
      options.address.port,
      options.keep_alive_seconds,
      nullptr,
      MakeConnectProperties(options).get());
  if (error != MOSQ_ERR_SUCCESS) return absl::UnavailableError(ErrorText(error));
  return connection;
}

MosquittoClient::MosquittoClient(const Options& options, mosquitto* client)
    : options_(options), is_tcp_(options.address.port != 0), client_(client) {
  mosquitto_user_data_set(client_, this);
  mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_int_option(client_, MOSQ_OPT_SEND_MAXIMUM, options.max_in_flight);
  // We acknowledge at once, so there is nothing to bound; with the default of 20 libmosquitto takes
  // a stream of QoS 2 messages for a broker that breaks the protocol.
  mosquitto_int_option(client_, MOSQ_OPT_RECEIVE_MAXIMUM, kReceiveMaximum);
  mosquitto_threaded_set(client_, true);
  if (!options.username.empty()) {
    mosquitto_username_pw_set(
        client_,
        options.username.c_str(),
        options.password.empty() ? nullptr : options.password.c_str());
  }
  mosquitto_connect_v5_callback_set(client_, Callbacks::OnConnect);
  mosquitto_disconnect_v5_callback_set(client_, Callbacks::OnDisconnect);
  mosquitto_message_v5_callback_set(client_, Callbacks::OnMessage);
  mosquitto_publish_v5_callback_set(client_, Callbacks::OnPublish);
  mosquitto_subscribe_v5_callback_set(client_, Callbacks::OnSubscribe);
  mosquitto_unsubscribe_v5_callback_set(client_, Callbacks::OnUnsubscribe);
}

MosquittoClient::~MosquittoClient() { mosquitto_destroy(client_); }

int MosquittoClient::fd() const { return mosquitto_socket(client_); }

void MosquittoClient::Read() {
  // As long as there is input, by FIONREAD: loop_read may stop early, misled by an old errno. Once
  // at least, to see an end of file; and not for ever, since output waits.
  has_read_ = true;
  int waiting = 1;
  for (int i = 0; i < kMostReads && waiting > 0; ++i) {
    Check("reading", mosquitto_loop_read(client_, 1));
    if (!closed_.ok() || ioctl(fd(), FIONREAD, &waiting) != 0) return;
  }
}

void MosquittoClient::Write() {
  bool had_output = WantsWrite();
  // libmosquitto writes each packet by itself; corked, they leave in shared segments.
  bool corked = is_tcp_ && had_output && packets_ > 1;
  packets_ = 0;
  if (corked) SetTcpOption(TCP_CORK, 1);
  if (had_output) Check("writing", mosquitto_loop_write(client_, 1));
  if (corked) SetTcpOption(TCP_CORK, 0);
  // A broker that left its Nagle algorithm on holds small packets back until what it sent before is
  // acknowledged. Output carries that along; without any, the kernel would take its time.
  if (is_tcp_ && has_read_ && !had_output) SetTcpOption(TCP_QUICKACK, 1);
  has_read_ = false;
}

void MosquittoClient::Misc() { Check("keeping alive", mosquitto_loop_misc(client_)); }

void MosquittoClient::Check(const char* doing, int error) {
  if (error == MOSQ_ERR_SUCCESS || !closed_.ok()) return;
  closed_ = absl::UnavailableError(absl::StrCat(doing, ": ", ErrorText(error)));
}

bool MosquittoClient::WantsWrite() const { return mosquitto_want_write(client_); }

void MosquittoClient::SetTcpOption(int option, int value) {
  setsockopt(fd(), IPPROTO_TCP, option, &value, sizeof(value));
}

absl::StatusOr<int> MosquittoClient::Publish(const Message& message) {
  ++packets_;
  int mid = 0;
  int error = mosquitto_publish_v5(
      client_,
      &mid,
      message.topic.c_str(),
      static_cast<int>(message.payload.size()),
      message.payload.data(),
      static_cast<int>(message.qos),
      message.retain,
      MakeProperties(message).get());
  switch (error) {
    case MOSQ_ERR_SUCCESS:
      return mid;
    case MOSQ_ERR_PAYLOAD_SIZE:
    case MOSQ_ERR_OVERSIZE_PACKET:
      return absl::ResourceExhaustedError(absl::StrCat(
          "a message of ",
          message.payload.size(),
          " bytes to ",
          message.topic,
          " exceeds the broker's maximum packet size"));
    case MOSQ_ERR_QOS_NOT_SUPPORTED:
      return absl::InvalidArgumentError(
          absl::StrCat("the broker does not serve QoS ", static_cast<int>(message.qos)));
    default:
      return absl::UnavailableError(ErrorText(error));
  }
}

absl::StatusOr<int> MosquittoClient::Subscribe(
    const std::string& filter,
    QoS qos,
    bool wants_retained) {
  int mid = 0;
  int retained = wants_retained ? MQTT_SUB_OPT_SEND_RETAIN_ALWAYS : MQTT_SUB_OPT_SEND_RETAIN_NEVER;
  int error = mosquitto_subscribe_v5(
      client_,
      &mid,
      filter.c_str(),
      static_cast<int>(qos),
      retained | MQTT_SUB_OPT_RETAIN_AS_PUBLISHED,
      nullptr);
  if (error != MOSQ_ERR_SUCCESS) return absl::UnavailableError(ErrorText(error));
  return mid;
}

absl::StatusOr<int> MosquittoClient::Unsubscribe(const std::string& filter) {
  int mid = 0;
  int error = mosquitto_unsubscribe_v5(client_, &mid, filter.c_str(), nullptr);
  if (error != MOSQ_ERR_SUCCESS) return absl::UnavailableError(ErrorText(error));
  return mid;
}

void MosquittoClient::Disconnect() {
  mosquitto_disconnect_v5(client_, 0, MakeDisconnectProperties(options_).get());
  Write();
}

}  // namespace mqrpc::internal

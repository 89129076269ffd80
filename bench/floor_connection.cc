#include "floor_connection.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mqrpc::bench {
namespace {

constexpr int kKeepAliveSeconds = 30;
constexpr absl::Duration kAnswerTimeout = absl::Seconds(10);
constexpr int kSubscribedQos = 2;  // a message keeps the QoS that it was published with

struct Address {
  std::string host;  // of a unix socket: its path, and port 0, as libmosquitto wants it
  int port = 0;
};

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix://")) return Address{.host = std::string(rest)};
  size_t colon = rest.rfind(':');
  Address address;
  if (!absl::ConsumePrefix(&rest, "mqtt://") || colon == absl::string_view::npos ||
      !absl::SimpleAtoi(text.substr(colon + 1), &address.port)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is neither mqtt://host:port nor unix:///path"));
  }
  address.host = std::string(rest.substr(0, rest.rfind(':')));
  return address;
}

int64_t Seconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

// The caller frees them.
mosquitto_property* MakeProperties(const FloorMessage& message) {
  mosquitto_property* list = nullptr;
  mosquitto_property_add_int32(&list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, message.expiry_seconds);
  if (!message.response_topic.empty()) {
    mosquitto_property_add_string(&list, MQTT_PROP_RESPONSE_TOPIC, message.response_topic.c_str());
  }
  mosquitto_property_add_binary(
      &list,
      MQTT_PROP_CORRELATION_DATA,
      message.correlation.data(),
      static_cast<uint16_t>(message.correlation.size()));
  if (!message.timeout_millis.empty()) {
    mosquitto_property_add_string_pair(
        &list,
        MQTT_PROP_USER_PROPERTY,
        "mqrpc-timeout",
        message.timeout_millis.c_str());
  }
  return list;
}

}  // namespace

struct FloorConnection::Callbacks {
  static FloorConnection& Self(void* self) { return *static_cast<FloorConnection*>(self); }

  static void OnConnect(
      mosquitto*,
      void* self,
      int reason,
      int,
      const mosquitto_property* properties) {
    Self(self).answer_ = reason;
    uint16_t maximum = 0;
    mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &maximum, false);
    if (maximum > 0) Self(self).window_ = std::min<int>(Self(self).window_, maximum);
  }

  static void OnSubscribe(
      mosquitto*,
      void* self,
      int,
      int count,
      const int* granted,
      const mosquitto_property*) {
    int reason = count > 0 ? granted[0] : MQTT_RC_UNSPECIFIED;
    Self(self).answer_ = reason >= 0x80 ? reason : 0;
  }

  static void OnMessage(
      mosquitto*,
      void* self,
      const mosquitto_message* message,
      const mosquitto_property* properties) {
    if (message->qos > 0) ++Self(self).packets_;  // its acknowledgement
    Self(self).on_message_(*message, properties);
  }

  static void OnPublish(mosquitto*, void* self, int, int reason, const mosquitto_property*) {
    if (Self(self).options_.qos == QoS::kAtMostOnce) return;
    --Self(self).unacknowledged_;
    if (reason >= 0x80) Self(self).Check("publishing", MOSQ_ERR_UNKNOWN);
  }
};

absl::StatusOr<std::unique_ptr<FloorConnection>> FloorConnection::Connect(
    Options options,
    OnMessage on_message) {
  std::unique_ptr<FloorConnection> connection(
      new FloorConnection(std::move(options), std::move(on_message)));
  if (absl::Status status = connection->Open(); !status.ok()) return status;
  return connection;
}

FloorConnection::FloorConnection(Options options, OnMessage on_message)
    : options_(std::move(options)), on_message_(std::move(on_message)), window_(options_.window) {
  [[maybe_unused]] static const int is_initialized = mosquitto_lib_init();
  client_ = mosquitto_new(options_.client_id.c_str(), true, this);
  mosquitto_int_option(client_, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
  mosquitto_int_option(client_, MOSQ_OPT_TCP_NODELAY, 1);
  mosquitto_int_option(client_, MOSQ_OPT_SEND_MAXIMUM, options_.window);
  mosquitto_threaded_set(client_, true);
  mosquitto_connect_v5_callback_set(client_, Callbacks::OnConnect);
  mosquitto_subscribe_v5_callback_set(client_, Callbacks::OnSubscribe);
  mosquitto_message_v5_callback_set(client_, Callbacks::OnMessage);
  mosquitto_publish_v5_callback_set(client_, Callbacks::OnPublish);
}

FloorConnection::~FloorConnection() {
  mosquitto_disconnect_v5(client_, 0, nullptr);
  mosquitto_loop_write(client_, 1);
  mosquitto_destroy(client_);
}

absl::Status FloorConnection::Open() {
  absl::StatusOr<Address> address = ParseAddress(options_.broker);
  if (!address.ok()) return address.status();
  Check(
      "connecting",
      mosquitto_connect_bind_v5(
          client_,
          address->host.c_str(),
          address->port,
          kKeepAliveSeconds,
          nullptr,
          nullptr));
  if (!status_.ok()) return status_;
  is_tcp_ = address->port != 0;
  return AwaitAnswer("the connection");
}

absl::Status FloorConnection::Subscribe(const std::string& filter) {
  Check(
      "subscribing",
      mosquitto_subscribe_v5(
          client_,
          nullptr,
          filter.c_str(),
          kSubscribedQos,
          MQTT_SUB_OPT_SEND_RETAIN_NEVER,
          nullptr));
  return AwaitAnswer("a subscription");
}

absl::Status FloorConnection::AwaitAnswer(const char* what) {
  answer_.reset();
  absl::Time deadline = absl::Now() + kAnswerTimeout;
  while (!answer_.has_value()) {
    if (auto turn = Turn(absl::Seconds(1)); !turn.ok()) return turn.status();
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat("the broker does not answer ", what));
    }
  }
  if (*answer_ == 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the broker refuses ", what, ": ", mosquitto_reason_string(*answer_)));
}

void FloorConnection::Publish(const FloorMessage& message) {
  if (options_.qos != QoS::kAtMostOnce && (unacknowledged_ >= window_ || !backlog_.empty())) {
    backlog_.push_back(message);
    return;
  }
  Send(message);
}

void FloorConnection::Send(const FloorMessage& message) {
  mosquitto_property* properties = MakeProperties(message);
  int error = mosquitto_publish_v5(
      client_,
      nullptr,
      message.topic.c_str(),
      static_cast<int>(message.payload.size()),
      message.payload.data(),
      static_cast<int>(options_.qos),
      false,
      properties);
  mosquitto_property_free_all(&properties);
  Check("publishing", error);
  ++packets_;
  if (options_.qos != QoS::kAtMostOnce) ++unacknowledged_;
}

void FloorConnection::Read() {
  // Until the socket is empty, not until EAGAIN: libmosquitto's own wake-up pipe sets errno too.
  int waiting = 1;
  while (waiting > 0 && status_.ok()) {
    Check("reading", mosquitto_loop_read(client_, 1));
    if (ioctl(mosquitto_socket(client_), FIONREAD, &waiting) != 0) waiting = 0;
  }
}

void FloorConnection::SendBacklog() {
  while (!backlog_.empty() && unacknowledged_ < window_) {
    Send(backlog_.front());
    backlog_.pop_front();
  }
}

void FloorConnection::Write() {
  // libmosquitto writes each packet by itself; corked, they leave in shared segments.
  bool corked = is_tcp_ && packets_ > 1;
  packets_ = 0;
  bool had_output = mosquitto_want_write(client_);
  if (corked) SetTcpOption(TCP_CORK, 1);
  Check("writing", mosquitto_loop_write(client_, 1));
  if (corked) SetTcpOption(TCP_CORK, 0);
  // The broker's Nagle algorithm holds small packets back until what it sent is acknowledged.
  // Output has carried the acknowledgement along; without output it is asked for.
  bool has_written = had_output && !mosquitto_want_write(client_);
  if (is_tcp_ && !has_written) SetTcpOption(TCP_QUICKACK, 1);
}

void FloorConnection::SetTcpOption(int option, int value) {
  setsockopt(mosquitto_socket(client_), IPPROTO_TCP, option, &value, sizeof(value));
}

absl::StatusOr<bool> FloorConnection::Turn(absl::Duration timeout, int other_fd) {
  pollfd fds[2] = {
      {.fd = mosquitto_socket(client_), .events = POLLIN, .revents = 0},
      {.fd = other_fd, .events = POLLIN, .revents = 0}};
  if (mosquitto_want_write(client_)) fds[0].events |= POLLOUT;
  poll(fds, 2, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  if ((fds[0].revents & ~POLLOUT) != 0) Read();
  SendBacklog();
  Write();
  if (int64_t now = Seconds(); now >= next_misc_) {
    next_misc_ = now + 1;
    Check("keeping alive", mosquitto_loop_misc(client_));
  }
  if (!status_.ok()) return status_;
  return fds[1].revents != 0;
}

void FloorConnection::Check(const char* doing, int error) {
  if (error == MOSQ_ERR_SUCCESS || !status_.ok()) return;
  status_ = absl::UnavailableError(absl::StrCat(
      doing,
      ": ",
      error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error)));
}

}  // namespace mqrpc::bench

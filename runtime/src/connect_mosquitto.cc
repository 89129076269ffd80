// The way in to the Mosquitto transport: options are checked here, once.

#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_format.h"
#include "broker_address.h"
#include "mosquitto_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "topic.h"

namespace mqrpc {
namespace internal {
namespace {

constexpr size_t kMaxInFlight = 65535;  // MQTT 5 section 3.1.2.11.3
// One less than what never ends: section 3.1.2.11.2.
constexpr absl::Duration kMaxSessionExpiry = absl::Seconds((int64_t{1} << 32) - 2);

absl::Status CheckOptions(const MosquittoOptions& options) {
  auto wrong = [](absl::string_view what) { return absl::InvalidArgumentError(what); };
  absl::Status status = CheckLevel("MosquittoOptions::client_id", options.client_id);
  if (status.ok()) status = CheckString("MosquittoOptions::username", options.username);
  if (status.ok() && !options.presence_prefix.empty()) {
    status = CheckPrefix("MosquittoOptions::presence_prefix", options.presence_prefix);
  }
  if (!status.ok()) return status;
  if (options.username.empty() && !options.password.empty()) {
    return wrong("MosquittoOptions::password is set without a username");
  }
  if (options.password.size() > 65535 || options.password.find('\0') != std::string::npos) {
    return wrong("MosquittoOptions::password is longer than 65,535 bytes, or contains a NUL");
  }
  if (options.keep_alive < absl::Seconds(5) || options.keep_alive > absl::Hours(18)) {
    return wrong("MosquittoOptions::keep_alive is not from 5 s to 18 h");
  }
  if (options.session_expiry < absl::ZeroDuration() || options.session_expiry > kMaxSessionExpiry ||
      absl::Trunc(options.session_expiry, absl::Seconds(1)) != options.session_expiry) {
    return wrong("MosquittoOptions::session_expiry is not 0 to 2^32-2 whole seconds");
  }
  if (options.connect_timeout <= absl::ZeroDuration()) {
    return wrong("MosquittoOptions::connect_timeout is not more than zero");
  }
  if (options.min_backoff <= absl::ZeroDuration() || options.max_backoff < options.min_backoff) {
    return wrong("MosquittoOptions::min_backoff is not more than zero, or above max_backoff");
  }
  if (options.max_in_flight < 1 || options.max_in_flight > kMaxInFlight) {
    return wrong("MosquittoOptions::max_in_flight is not from 1 to 65,535");
  }
  if (options.max_queued < 1) return wrong("MosquittoOptions::max_queued is not at least 1");
  return absl::OkStatus();
}

}  // namespace
}  // namespace internal

absl::StatusOr<std::unique_ptr<Transport>> ConnectMosquitto(MosquittoOptions options) {
  if (options.client_id.empty()) {
    absl::BitGen random;
    options.client_id = absl::StrFormat("mqrpc-%016x", absl::Uniform<uint64_t>(random));
  }
  absl::Status status = internal::CheckOptions(options);
  if (!status.ok()) return status;
  auto addresses = internal::BrokerAddress::ParseList(options.broker);
  if (!addresses.ok()) return addresses.status();
  auto transport =
      std::make_unique<internal::MosquittoTransport>(std::move(options), *std::move(addresses));
  status = transport->Connect();
  if (!status.ok()) return status;
  return transport;
}

}  // namespace mqrpc

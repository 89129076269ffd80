#include "broker_address.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "text.h"

namespace mqrpc::internal {
namespace {

// What a sockaddr_un holds, without the terminating zero.
constexpr size_t kMaxSocketPath = 107;

absl::Status Wrong(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "broker address \"",
      absl::CHexEscape(text),
      "\": ",
      why,
      "; it looks like mqtt://host:1883 or unix:///run/mosquitto.sock"));
}

absl::StatusOr<BrokerAddress> ParseUnix(absl::string_view text, absl::string_view path) {
  if (!absl::StartsWith(path, "/")) return Wrong(text, "the socket's path must begin with /");
  if (path.size() > kMaxSocketPath) {
    return Wrong(text, absl::StrCat("a socket's path has at most ", kMaxSocketPath, " bytes"));
  }
  return BrokerAddress{std::string(path), 0, std::string(text)};
}

absl::StatusOr<BrokerAddress> ParseTcp(absl::string_view text, absl::string_view rest) {
  bool bracketed = absl::ConsumePrefix(&rest, "[");
  size_t end = rest.find(bracketed ? ']' : ':');
  if (bracketed && end == rest.npos) return Wrong(text, "a [ without its ]");
  BrokerAddress address = {.text = std::string(text)};
  address.host = std::string(rest.substr(0, end));
  rest.remove_prefix(std::min(rest.size(), end + (bracketed ? 1 : 0)));
  if (address.host.empty()) return Wrong(text, "it names no host");
  if (address.host.find_first_of("/?#@ ") != std::string::npos) {
    return Wrong(text, "nothing but a host and a port may follow mqtt://");
  }
  if (rest.empty()) return address;
  if (!absl::ConsumePrefix(&rest, ":")) return Wrong(text, "only a port may follow the ]");
  if (absl::StrContains(rest, ":")) return Wrong(text, "an IPv6 host goes in brackets");
  bool is_number = rest.find_first_not_of("0123456789") == rest.npos;
  if (!is_number || !absl::SimpleAtoi(rest, &address.port) || address.port < 1 ||
      address.port > 65535) {
    return Wrong(text, "the port is a number from 1 to 65535");
  }
  return address;
}

}  // namespace

absl::StatusOr<BrokerAddress> BrokerAddress::Parse(std::string_view text) {
  absl::string_view rest = View(text);
  if (rest.empty()) return Wrong(rest, "it is empty");
  if (rest.find('\0') != rest.npos) return Wrong(rest, "it contains a NUL byte");
  if (absl::ConsumePrefix(&rest, "unix://")) return ParseUnix(View(text), rest);
  if (absl::ConsumePrefix(&rest, "mqtt://")) return ParseTcp(View(text), rest);
  if (absl::StartsWith(rest, "mqtts://")) return Wrong(rest, "TLS is not supported yet");
  return Wrong(rest, "its scheme is neither mqtt:// nor unix://");
}

absl::StatusOr<std::vector<BrokerAddress>> BrokerAddress::ParseList(std::string_view text) {
  std::vector<BrokerAddress> addresses;
  for (absl::string_view one : absl::StrSplit(View(text), ',')) {
    if (one.empty() && !text.empty()) {
      return Wrong(View(text), absl::StrCat("number ", addresses.size() + 1, " of it is empty"));
    }
    absl::StatusOr<BrokerAddress> address = Parse({one.data(), one.size()});
    if (!address.ok()) return address.status();
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

}  // namespace mqrpc::internal

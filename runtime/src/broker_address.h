#ifndef MQRPC_BROKER_ADDRESS_H_
#define MQRPC_BROKER_ADDRESS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace mqrpc::internal {

// `mqtt://host[:port]`, `mqtt://[ipv6][:port]` or `unix:///path`.
struct BrokerAddress {
  std::string host = {};  // or the path of a unix socket
  int port = 1883;        // 0 for a unix socket
  std::string text = {};  // as it was given

  // INVALID_ARGUMENT says what is wrong, and shows what is right.
  static absl::StatusOr<BrokerAddress> Parse(std::string_view text);

  // One or more, separated by commas.
  static absl::StatusOr<std::vector<BrokerAddress>> ParseList(std::string_view text);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_BROKER_ADDRESS_H_

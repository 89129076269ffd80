#ifndef MQRPC_TESTING_LOCAL_ADDRESS_H_
#define MQRPC_TESTING_LOCAL_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"

namespace mqrpc::testing {

// A free port of 127.0.0.1, kept from others that look for one as long as this exists: bound but
// not listening, so that a server that sets SO_REUSEADDR, as mosquitto does, can still bind it,
// again and again.
class ReservedPort {
 public:
  static absl::StatusOr<ReservedPort> Take();

  ReservedPort() = default;
  ~ReservedPort();
  ReservedPort(ReservedPort&& other) noexcept;
  ReservedPort& operator=(ReservedPort&& other) noexcept;

  int port() const { return port_; }

 private:
  int fd_ = -1;
  int port_ = 0;
};

// Whether somebody accepts connections there.
bool AcceptsTcp(int port);
bool AcceptsUnix(const std::string& path);

// Whether a unix socket can have this path, which is bounded (unix(7)).
bool FitsUnixPath(const std::string& path);

}  // namespace mqrpc::testing

#endif  // MQRPC_TESTING_LOCAL_ADDRESS_H_

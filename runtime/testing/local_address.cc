#include "local_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace mqrpc::testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

template <class Address>
bool Accepts(const Address& address) {
  int fd =
      socket(reinterpret_cast<const sockaddr&>(address).sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool accepted = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return accepted;
}

}  // namespace

absl::StatusOr<ReservedPort> ReservedPort::Take() {
  ReservedPort reserved;
  reserved.fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (reserved.fd_ < 0) return absl::ErrnoToStatus(errno, "socket for a free port");
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(reserved.fd_, any, size) != 0 || getsockname(reserved.fd_, any, &size) != 0) {
    return absl::ErrnoToStatus(errno, "bind to a free port of 127.0.0.1");
  }
  // Only now: with it from the start, the kernel could give two of us one port.
  int on = 1;
  setsockopt(reserved.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  reserved.port_ = ntohs(address.sin_port);
  return reserved;
}

ReservedPort::~ReservedPort() {
  if (fd_ >= 0) close(fd_);
}

ReservedPort::ReservedPort(ReservedPort&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}

ReservedPort& ReservedPort::operator=(ReservedPort&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  return *this;
}

bool AcceptsTcp(int port) { return Accepts(Loopback(port)); }

bool AcceptsUnix(const std::string& path) {
  sockaddr_un address = {};
  if (!FitsUnixPath(path)) return false;
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return Accepts(address);
}

bool FitsUnixPath(const std::string& path) { return path.size() < sizeof(sockaddr_un::sun_path); }

}  // namespace mqrpc::testing

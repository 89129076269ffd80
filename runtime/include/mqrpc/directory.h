#ifndef MQRPC_DIRECTORY_H_
#define MQRPC_DIRECTORY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "mqrpc/log.h"
#include "mqrpc/transport.h"

namespace mqrpc {

// A server that is there, as it says itself.
struct ServerPresence {
  std::string client_id = {};  // of its connection, which it may share with others
  uint64_t incarnation = 0;    // another one each time that its program starts
  std::string group = {};      // ServerOptions::group, and so on
  std::vector<std::string> prefixes = {};
  std::vector<std::string> services = {};  // with their packages
  std::vector<std::string> instances = {};

  bool Serves(std::string_view service) const;

  friend bool operator==(const ServerPresence& one, const ServerPresence& other) = default;
};

struct DirectoryOptions {
  // Where connections say who is there: MosquittoOptions::presence_prefix.
  std::string prefix = "mqrpc";

  // Connections that are known; more are not, which is logged.
  size_t max_connections = 10'000;

  // Told of each server that comes, goes, or changes (then it goes and comes), from the first one
  // on. On the connection's own thread: it must not block, nor destroy the directory. May be null.
  std::function<void(const ServerPresence& server, bool is_there)> on_change = nullptr;

  LogSink log = LogToStderr;
};

namespace internal {
class DirectoryCore;
}

// Who is there. Servers say so themselves, in a retained message which the broker clears when their
// connection is lost.
//
//   mqrpc::Directory directory(*transport);
//   auto servers = directory.Discover<Calculator>();
//   if (servers.ok()) {
//     for (const mqrpc::ServerPresence& server : *servers) std::cout << server.client_id << "\n";
//   }
//
// What it says is what was true a moment ago: calls end UNAVAILABLE if nobody is there, asked
// before or not. While its own connection is down it knows what it knew before. Thread-safe. The
// transport must outlive it.
class Directory {
 public:
  explicit Directory(Transport& transport, DirectoryOptions options = {});
  ~Directory();

  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Those that serve it, by client id. The first time it waits until the broker has told of all of
  // them. Errors:
  //   INVALID_ARGUMENT     DirectoryOptions::prefix is wrong
  //   PERMISSION_DENIED    the broker does not let us know
  //   DEADLINE_EXCEEDED    the broker has not told within `limit`
  //   FAILED_PRECONDITION  called on the connection's own thread before the list was complete
  template <class Service>
  absl::StatusOr<std::vector<ServerPresence>> Discover(absl::Duration limit = absl::Seconds(5)) {
    return Find(Service::kServiceName, limit);
  }

  // Likewise by the name of the service; empty: all servers.
  absl::StatusOr<std::vector<ServerPresence>> Find(
      std::string_view service,
      absl::Duration limit = absl::Seconds(5));

 private:
  const std::unique_ptr<internal::DirectoryCore> core_;
};

}  // namespace mqrpc

#endif  // MQRPC_DIRECTORY_H_

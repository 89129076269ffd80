#ifndef MQRPC_DIRECTORY_CORE_H_
#define MQRPC_DIRECTORY_CORE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "drain_marker.h"
#include "mqrpc/directory.h"
#include "mqrpc/transport.h"
#include "mutex.h"

namespace mqrpc::internal {

// What a Directory knows. A subscription brings what was retained, and a marker to ourselves says
// that this was all; after a loss of the connection both come once more, and whoever is not told of
// then has gone meanwhile.
class DirectoryCore {
 public:
  DirectoryCore(Transport& transport, DirectoryOptions options);

  void Open();
  void Close();
  absl::StatusOr<std::vector<ServerPresence>> Find(std::string_view service, absl::Duration limit);

 private:
  struct Connection {
    std::vector<ServerPresence> servers = {};
    uint64_t round = 0;  // of the subscription, in which it was told of last
  };

  void OnState(const absl::Status& state);
  void OnMessage(const Message& message);
  void OnAllTold();
  void Set(const std::string& client_id, std::vector<ServerPresence> servers);
  absl::StatusOr<std::vector<ServerPresence>> Exchange(
      const std::string& client_id,
      std::vector<ServerPresence> servers);
  absl::Status WaitUntilComplete(absl::Duration limit) MQRPC_REQUIRES(mutex_);

  Transport& transport_;
  const DirectoryOptions options_;
  absl::Status status_;  // whether the options are valid

  // Of the loop.
  Transport::SubscriptionId subscription_ = 0;
  std::optional<DrainMarker> marker_;
  uint64_t round_ = 0;

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Connection> connections_ MQRPC_GUARDED_BY(mutex_);  // by client id
  bool is_complete_ MQRPC_GUARDED_BY(mutex_) = false;
  absl::Status refused_ MQRPC_GUARDED_BY(mutex_);
};

}  // namespace mqrpc::internal

#endif  // MQRPC_DIRECTORY_CORE_H_

#ifndef MQRPC_TESTS_TRANSPORT_BED_H_
#define MQRPC_TESTS_TRANSPORT_BED_H_

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "mqrpc/transport.h"

namespace mqrpc::tests {

// What connections are made to, one kind for each transport that the contract holds for.
class Bed {
 public:
  virtual ~Bed() = default;

  virtual absl::StatusOr<std::unique_ptr<Transport>> Connect(std::string client_id) = 0;

  // Lets everything happen that does not wait for other threads. False if they all act by
  // themselves.
  virtual bool RunUntilIdle() { return false; }
};

enum class BedKind { kInProcess, kVirtualTime, kMosquittoTcp, kMosquittoUnix };

struct BedOptions {
  size_t max_queued = 200'000;  // of each connection
};

// Null, with a failure of the test, if it cannot be made.
std::unique_ptr<Bed> MakeBed(BedKind kind, const BedOptions& options = {});

const char* NameOf(BedKind kind);
inline void PrintTo(BedKind kind, std::ostream* out) { *out << NameOf(kind); }

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_TRANSPORT_BED_H_

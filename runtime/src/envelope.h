#ifndef MQRPC_ENVELOPE_H_
#define MQRPC_ENVELOPE_H_

#include <string>

#include "absl/status/status.h"
#include "mqrpc/serialize.h"

namespace mqrpc::internal::wire {

// The payload of an error reply, proto/mqrpc/status.proto.
std::string EncodeEnvelope(const absl::Status& status, Encoding encoding = Encoding::kProtobuf);

// The inverse. The code is that of `number`, which stands apart from the envelope; UNKNOWN if that
// is none. Never OK.
absl::Status DecodeEnvelope(
    int number,
    const std::string& payload,
    Encoding encoding = Encoding::kProtobuf);

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_ENVELOPE_H_

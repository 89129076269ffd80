#ifndef MQRPC_METADATA_WIRE_H_
#define MQRPC_METADATA_WIRE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/message.h"
#include "mqrpc/metadata.h"

// Metadata as user properties, and what may be in it. A part of the wire; nothing of the network is
// trusted here.
namespace mqrpc::internal::wire {

// Names that begin so are the protocol's own.
inline constexpr std::string_view kOwnPrefix = "mqrpc-";

// INVALID_ARGUMENT naming what is wrong with an entry.
absl::Status CheckMetadata(std::string_view name, std::string_view value);
absl::Status CheckMetadata(const Metadata& metadata);

// Of all names and values.
size_t SizeOf(const Metadata& metadata);

// RESOURCE_EXHAUSTED if it has more than `most` bytes; `options` names the struct that says so.
absl::Status CheckMetadataSize(
    std::string_view options,
    size_t most,
    std::string_view message,
    const Metadata& metadata);

// Adds it to the user properties, each name with `prefix` in front.
void EncodeMetadata(const Metadata& metadata, std::string_view prefix, Message& message);

// Those of the user properties whose names have that prefix, without it; with none, those that are
// not the protocol's own. What could not be metadata is none: others have uses for user properties
// too. INVALID_ARGUMENT naming one that should be base64 and is not.
absl::StatusOr<Metadata> DecodeMetadata(const Message& message, std::string_view prefix);

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_METADATA_WIRE_H_

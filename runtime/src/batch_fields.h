#ifndef MQRPC_BATCH_FIELDS_H_
#define MQRPC_BATCH_FIELDS_H_

#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

// The fields of proto/mqrpc/batch.proto, and their tags.
namespace mqrpc::internal::wire {

inline constexpr int kFrame = 1;

// Of a frame, both ways.
inline constexpr int kCorrelation = 1;
inline constexpr int kPayload = 4;
inline constexpr int kHeaders = 5;

// Of a request.
inline constexpr int kTimeout = 2;
inline constexpr int kAttempt = 3;

// Of a reply.
inline constexpr int kStatus = 2;
inline constexpr int kRefused = 3;
inline constexpr int kTrailers = 6;

// Of an entry of metadata.
inline constexpr int kName = 1;
inline constexpr int kValue = 2;

using Format = google::protobuf::internal::WireFormatLite;
inline constexpr auto kBytes = Format::WIRETYPE_LENGTH_DELIMITED;
inline constexpr auto kNumber = Format::WIRETYPE_VARINT;

constexpr uint32_t Tag(int field, Format::WireType type) { return Format::MakeTag(field, type); }

}  // namespace mqrpc::internal::wire

#endif  // MQRPC_BATCH_FIELDS_H_

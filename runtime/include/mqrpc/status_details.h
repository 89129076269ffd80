#ifndef MQRPC_STATUS_DETAILS_H_
#define MQRPC_STATUS_DETAILS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace mqrpc {

// Typed details of an error: any protobuf message, carried beside the code and the text as
// google.rpc.Status does, and seen by the caller as the handler attached it. They are the payloads
// of absl::Status, under the type URL `type.googleapis.com/{full name of the message}`.
//
//   absl::Status status = absl::InvalidArgumentError("cannot divide by zero");
//   mqrpc::AddDetail(status, BadField{...});
//   ...
//   if (std::optional<BadField> bad = mqrpc::GetDetail<BadField>(reply.status())) ...

template <class Detail>
std::string DetailTypeUrl() {
  return absl::StrCat("type.googleapis.com/", Detail().GetTypeName());
}

// One detail of a type; a second replaces the first. Does nothing to an OK status.
template <class Detail>
void AddDetail(absl::Status& status, const Detail& detail) {
  status.SetPayload(DetailTypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

// Nullopt if there is none, or its bytes do not parse.
template <class Detail>
std::optional<Detail> GetDetail(const absl::Status& status) {
  absl::optional<absl::Cord> bytes = status.GetPayload(DetailTypeUrl<Detail>());
  Detail detail;
  if (!bytes.has_value() || !detail.ParseFromString(std::string(*bytes))) return std::nullopt;
  return detail;
}

}  // namespace mqrpc

#endif  // MQRPC_STATUS_DETAILS_H_

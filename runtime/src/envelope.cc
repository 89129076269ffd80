#include "envelope.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "mqrpc/status.pb.h"
#include "topic.h"

namespace mqrpc::internal::wire {
namespace {

// A status takes longer for each that it has already: thousands would stop the caller's connection.
constexpr int kMaxDetails = 128;

constexpr int kMaxCode = static_cast<int>(absl::StatusCode::kUnauthenticated);

// What a handler says may be any bytes; a string of protobuf may not.
std::string Utf8Text(absl::string_view text) {
  std::string copy(text);
  return IsUtf8(copy) ? copy : absl::CHexEscape(copy);
}

}  // namespace

std::string EncodeEnvelope(const absl::Status& status, Encoding encoding) {
  mqrpc::Status envelope;
  envelope.set_code(static_cast<int>(status.code()));
  envelope.set_message(Utf8Text(status.message()));
  status.ForEachPayload([&envelope](absl::string_view type_url, const absl::Cord& bytes) {
    google::protobuf::Any& detail = *envelope.add_details();
    detail.set_type_url(Utf8Text(type_url));
    detail.set_value(std::string(bytes));
  });
  if (encoding == Encoding::kProtobuf) return envelope.SerializeAsString();
  absl::StatusOr<std::string> json = Serialize(envelope, encoding);
  if (json.ok()) return *std::move(json);
  envelope.clear_details();  // of a type that this program does not know
  return *Serialize(envelope, encoding);
}

absl::Status DecodeEnvelope(int number, const std::string& payload, Encoding encoding) {
  bool is_known = number > 0 && number <= kMaxCode;
  auto code = is_known ? static_cast<absl::StatusCode>(number) : absl::StatusCode::kUnknown;
  mqrpc::Status envelope;
  if (!ParseInto(payload, envelope, encoding, UnknownJson::kIgnore).ok()) {
    return absl::Status(code, "the service answered an error whose details do not parse");
  }
  absl::Status status(code, envelope.message());
  int details = std::min(envelope.details_size(), kMaxDetails);
  for (int i = 0; i < details; ++i) {
    const google::protobuf::Any& detail = envelope.details(i);
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

}  // namespace mqrpc::internal::wire

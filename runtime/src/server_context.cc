#include "mqrpc/server_context.h"

#include "absl/strings/str_cat.h"
#include "metadata_wire.h"
#include "text.h"
#include "topic_template.h"

namespace mqrpc {

absl::Status ServerContext::AddHeader(std::string_view name, std::string_view value) {
  absl::Status status = Add(reply_metadata_.headers, name, value);
  if (status.ok()) call_.OnHeader();
  return status;
}

absl::Status ServerContext::AddTrailer(std::string_view name, std::string_view value) {
  return Add(reply_metadata_.trailers, name, value);
}

absl::Status ServerContext::Decline(std::string_view why) {
  is_declined_ = true;
  return absl::UnavailableError(absl::StrCat(
      internal::View(method()),
      " was declined",
      why.empty() ? "" : ": ",
      internal::View(why)));
}

std::string_view ServerContext::topic_token(std::string_view name) const {
  const std::string* value = internal::FindToken(place_.topic_tokens, name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

absl::Status ServerContext::Add(Metadata& metadata, std::string_view name, std::string_view value) {
  absl::Status status = internal::wire::CheckMetadata(name, value);
  if (!status.ok()) return status;
  Metadata more = metadata;
  more.Add(name, value);
  status =
      internal::wire::CheckMetadataSize("ServerOptions", call_.max_metadata_size(), "reply", more);
  if (status.ok()) metadata = std::move(more);
  return status;
}

}  // namespace mqrpc

#include "mqrpc/server_context.h"

#include "metadata_wire.h"

namespace mqrpc {

absl::Status ServerContext::AddHeader(std::string_view name, std::string_view value) {
  return Add(reply_metadata_.headers, name, value);
}

absl::Status ServerContext::AddTrailer(std::string_view name, std::string_view value) {
  return Add(reply_metadata_.trailers, name, value);
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

#include "metadata_wire.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "text.h"
#include "topic.h"

namespace mqrpc::internal::wire {
namespace {

constexpr size_t kMostOfNameShown = 80;

bool MayBeInName(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
}

bool IsBinary(std::string_view name) { return name.ends_with("-bin"); }

std::string Quoted(std::string_view name) {
  return absl::StrCat("\"", absl::CHexEscape(View(name.substr(0, kMostOfNameShown))), "\"");
}

absl::Status CheckName(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("a name of metadata is empty");
  if (!std::all_of(name.begin(), name.end(), MayBeInName)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the name of metadata ",
        Quoted(name),
        " has other characters than a to z, 0 to 9, -, _ and ."));
  }
  if (!name.starts_with(kOwnPrefix)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the name of metadata ",
      Quoted(name),
      " begins with ",
      View(kOwnPrefix),
      ", as only those of the protocol do"));
}

}  // namespace

absl::Status CheckMetadata(std::string_view name, std::string_view value) {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  if (value.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the value of metadata ", Quoted(name), " is empty"));
  }
  if (IsBinary(name) || CheckString("", value).ok()) return absl::OkStatus();
  return CheckString(absl::StrCat("the value of metadata ", Quoted(name)), value);
}

absl::Status CheckMetadata(const Metadata& metadata) {
  for (const auto& [name, value] : metadata) {
    if (absl::Status status = CheckMetadata(name, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

size_t SizeOf(const Metadata& metadata) {
  size_t size = 0;
  for (const auto& [name, value] : metadata) size += name.size() + value.size();
  return size;
}

absl::Status CheckMetadataSize(
    std::string_view options,
    size_t most,
    std::string_view message,
    const Metadata& metadata) {
  if (metadata.empty()) return absl::OkStatus();
  size_t size = SizeOf(metadata);
  if (size <= most) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      View(options),
      "::max_metadata_size (",
      most,
      "): that of the ",
      View(message),
      " has ",
      size,
      " bytes"));
}

void EncodeMetadata(const Metadata& metadata, std::string_view prefix, Message& message) {
  for (const auto& [name, value] : metadata) {
    message.user_properties.emplace_back(
        absl::StrCat(View(prefix), name),
        IsBinary(name) ? absl::Base64Escape(value) : value);
  }
}

absl::StatusOr<Metadata> DecodeMetadata(const Message& message, std::string_view prefix) {
  Metadata metadata;
  for (const auto& [property, text] : message.user_properties) {
    std::string_view rest = property;
    if (prefix.empty() ? rest.starts_with(kOwnPrefix) : !rest.starts_with(prefix)) continue;
    rest.remove_prefix(prefix.size());
    std::string name = absl::AsciiStrToLower(View(rest));
    std::string value = text;
    if (IsBinary(name) && !absl::Base64Unescape(text, &value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the value of metadata ", Quoted(name), " is not base64"));
    }
    if (CheckMetadata(name, value).ok()) metadata.Add(name, value);
  }
  return metadata;
}

}  // namespace mqrpc::internal::wire

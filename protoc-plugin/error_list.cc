#include "protoc-plugin/error_list.h"

#include <google/protobuf/descriptor.pb.h>

namespace mqrpc::plugin {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::SourceLocation;

void ErrorList::Add(const std::string& message) { lines_.push_back(message); }

void ErrorList::AddAtOption(const FileDescriptor& file, int option, const std::string& message) {
  AddAtPath(file, {FileDescriptorProto::kOptionsFieldNumber, option}, message);
}

void ErrorList::AddAtPackage(const FileDescriptor& file, const std::string& message) {
  AddAtPath(file, {FileDescriptorProto::kPackageFieldNumber}, message);
}

void ErrorList::AddAtPath(
    const FileDescriptor& file,
    const std::vector<int>& path,
    const std::string& message) {
  SourceLocation location;
  const bool known = file.GetSourceLocation(path, &location);
  AddAt(file, known ? &location : nullptr, message);
}

void ErrorList::AddAt(
    const FileDescriptor& file,
    const SourceLocation* location,
    const std::string& message) {
  std::string line(file.name());
  if (location != nullptr) {
    // Zero-based there, and for people one-based.
    line += ":" + std::to_string(location->start_line + 1);
    line += ":" + std::to_string(location->start_column + 1);
  }
  lines_.push_back(line + ": " + message);
}

std::string ErrorList::ToString() const {
  std::string text;
  for (const std::string& line : lines_) {
    if (!text.empty()) text += "\n";
    text += line;
  }
  return text;
}

}  // namespace mqrpc::plugin

#include "protoc-plugin/error_list.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

namespace mqrpc::plugin {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodDescriptorProto;
using google::protobuf::ServiceDescriptorProto;
using google::protobuf::SourceLocation;

namespace {

// The first path in `file` that begins with `start`, or else `start`. An option can be written as a
// whole or field by field, and only what is written has a location.
std::vector<int> WrittenPath(const FileDescriptor& file, const std::vector<int>& start) {
  FileDescriptorProto copy;
  file.CopySourceCodeInfoTo(&copy);
  for (const auto& location : copy.source_code_info().location()) {
    const auto& path = location.path();
    if (static_cast<size_t>(path.size()) < start.size()) continue;
    if (std::equal(start.begin(), start.end(), path.begin())) return {path.begin(), path.end()};
  }
  return start;
}

}  // namespace

void ErrorList::Add(const std::string& message) { lines_.push_back(message); }

void ErrorList::AddAtOption(const FileDescriptor& file, int option, const std::string& message) {
  AddAtPath(file, {FileDescriptorProto::kOptionsFieldNumber, option}, message);
}

void ErrorList::AddAtOption(
    const MethodDescriptor& method,
    std::vector<int> option,
    const std::string& message) {
  const FileDescriptor& file = *method.service()->file();
  SourceLocation location;
  for (; !option.empty(); option.pop_back()) {
    std::vector<int> path = {
        FileDescriptorProto::kServiceFieldNumber,
        method.service()->index(),
        ServiceDescriptorProto::kMethodFieldNumber,
        method.index(),
        MethodDescriptorProto::kOptionsFieldNumber};
    path.insert(path.end(), option.begin(), option.end());
    if (!file.GetSourceLocation(WrittenPath(file, path), &location)) continue;
    AddAt(file, &location, message);
    return;
  }
  Add(method, message);
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

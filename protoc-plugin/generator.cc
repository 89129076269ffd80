#include "protoc-plugin/generator.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include <memory>
#include <utility>

#include "protoc-plugin/checks.h"
#include "protoc-plugin/error_list.h"
#include "protoc-plugin/header.h"
#include "protoc-plugin/names.h"
#include "protoc-plugin/source.h"

namespace mqrpc::plugin {

using google::protobuf::FileDescriptor;
using google::protobuf::compiler::GeneratorContext;

namespace {

void WriteFile(GeneratorContext& context, const std::string& name, const std::string& text) {
  std::unique_ptr<google::protobuf::io::ZeroCopyOutputStream> stream(context.Open(name));
  google::protobuf::io::CodedOutputStream(stream.get()).WriteString(text);
}

void CheckParameter(const std::string& parameter, ErrorList& errors) {
  std::vector<std::pair<std::string, std::string>> options;
  google::protobuf::compiler::ParseGeneratorParameter(parameter, &options);
  for (const auto& [key, value] : options) {
    errors.Add("unknown parameter '" + key + "': protoc-gen-mqrpc takes none");
  }
}

}  // namespace

bool Generator::Generate(
    const FileDescriptor* file,
    const std::string& parameter,
    GeneratorContext* context,
    std::string* error) const {
  return GenerateAll({file}, parameter, context, error);
}

bool Generator::GenerateAll(
    const std::vector<const FileDescriptor*>& files,
    const std::string& parameter,
    GeneratorContext* context,
    std::string* error) const {
  ErrorList errors;
  CheckParameter(parameter, errors);
  for (const FileDescriptor* file : files) CheckFile(*file, errors);
  if (!errors.empty()) {
    *error = errors.ToString();
    return false;
  }
  for (const FileDescriptor* file : files) {
    const FileNames names(*file);
    WriteFile(*context, names.header, HeaderText(*file));
    WriteFile(*context, names.source, SourceText(*file));
  }
  return true;
}

#if GOOGLE_PROTOBUF_VERSION >= 5026000

uint64_t Generator::GetSupportedFeatures() const {
  return FEATURE_PROTO3_OPTIONAL | FEATURE_SUPPORTS_EDITIONS;
}

// No feature of any edition changes what is generated for a service.
google::protobuf::Edition Generator::GetMinimumEdition() const {
  return google::protobuf::compiler::ProtocMinimumEdition();
}

google::protobuf::Edition Generator::GetMaximumEdition() const {
  return google::protobuf::compiler::ProtocMaximumEdition();
}

#else

uint64_t Generator::GetSupportedFeatures() const { return FEATURE_PROTO3_OPTIONAL; }

#endif

}  // namespace mqrpc::plugin

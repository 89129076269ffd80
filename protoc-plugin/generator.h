#ifndef MQRPC_PROTOC_PLUGIN_GENERATOR_H_
#define MQRPC_PROTOC_PLUGIN_GENERATOR_H_

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace mqrpc::plugin {

// For X.proto writes X.mqrpc.pb.h and X.mqrpc.pb.cc, with services in it or without, so that a
// build system knows its outputs from the name alone. Writes nothing at all if anything is wrong;
// `error` then has one line for everything that is.
class Generator final : public google::protobuf::compiler::CodeGenerator {
 public:
  bool Generate(
      const google::protobuf::FileDescriptor* file,
      const std::string& parameter,
      google::protobuf::compiler::GeneratorContext* context,
      std::string* error) const override;

  // Instead of the inherited loop, which stops at the first file that is wrong.
  bool GenerateAll(
      const std::vector<const google::protobuf::FileDescriptor*>& files,
      const std::string& parameter,
      google::protobuf::compiler::GeneratorContext* context,
      std::string* error) const override;

  uint64_t GetSupportedFeatures() const override;

#if GOOGLE_PROTOBUF_VERSION >= 5026000
  google::protobuf::Edition GetMinimumEdition() const override;
  google::protobuf::Edition GetMaximumEdition() const override;
#endif
};

}  // namespace mqrpc::plugin

#endif  // MQRPC_PROTOC_PLUGIN_GENERATOR_H_

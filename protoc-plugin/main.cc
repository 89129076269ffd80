#include <google/protobuf/compiler/plugin.h>

#include "protoc-plugin/generator.h"

int main(int argc, char* argv[]) {
  mqrpc::plugin::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}

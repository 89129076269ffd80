#include "protoc-plugin/declared_names.h"

#include <google/protobuf/compiler/cpp/names.h>

#include <algorithm>

#include "protoc-plugin/names.h"

namespace mqrpc::plugin {

namespace cpp = google::protobuf::compiler::cpp;

namespace {

// Whether `space` is `outer` or within it.
bool IsWithin(const std::vector<std::string>& space, const std::vector<std::string>& outer) {
  return space.size() >= outer.size() && std::equal(outer.begin(), outer.end(), space.begin());
}

}  // namespace

DeclaredNames::DeclaredNames(const google::protobuf::FileDescriptor& file)
    : namespace_(Namespace(file)) {
  if (namespace_.empty()) {
    for (const char* name : {"absl", "google", "mqrpc", "std"}) {
      Add(name, "namespace " + std::string(name));
    }
  }
  AddFile(file);
}

const std::string* DeclaredNames::Find(const std::string& name) const {
  const auto owner = owners_.find(name);
  return owner == owners_.end() ? nullptr : &owner->second;
}

void DeclaredNames::AddFile(const google::protobuf::FileDescriptor& file) {
  if (!files_.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i));
  const std::vector<std::string> space = Namespace(file);
  if (!IsWithin(space, namespace_)) return;
  if (space.size() > namespace_.size()) {
    Add(space[namespace_.size()], "the namespace of package " + std::string(file.package()));
    return;
  }
  for (int i = 0; i < file.message_type_count(); ++i) AddMessage(*file.message_type(i));
  for (int i = 0; i < file.enum_type_count(); ++i) AddEnum(*file.enum_type(i));
  for (int i = 0; i < file.extension_count(); ++i) {
    const std::string qualified = cpp::QualifiedExtensionName(file.extension(i));
    Add(qualified.substr(qualified.rfind(':') + 1),
        "extension " + std::string(file.extension(i)->full_name()));
  }
}

void DeclaredNames::AddMessage(const google::protobuf::Descriptor& message) {
  const std::string name = cpp::ClassName(&message);
  const std::string owner = "message " + std::string(message.full_name());
  Add(name, owner);
  Add(name + "DefaultTypeInternal", owner);
  Add("_" + name + "_default_instance_", owner);
  for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i));
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i));
}

void DeclaredNames::AddEnum(const google::protobuf::EnumDescriptor& type) {
  const std::string name = cpp::ClassName(&type);
  const std::string owner = "enum " + std::string(type.full_name());
  Add(name, owner);
  for (const char* suffix : {"_IsValid", "_Name", "_Parse", "_descriptor", "_internal_data_"}) {
    Add(name + suffix, owner);
  }
  // The constants of a nested enum have its class in front.
  const bool nested = type.containing_type() != nullptr;
  const std::string prefix = nested ? name + "_" : "";
  for (const char* suffix : {"_MIN", "_MAX", "_ARRAYSIZE"}) {
    Add(prefix + std::string(type.name()) + suffix, owner);
  }
  for (int i = 0; i < type.value_count(); ++i) {
    Add(prefix + cpp::EnumValueName(type.value(i)), owner);
  }
}

void DeclaredNames::Add(const std::string& name, const std::string& owner) {
  owners_.emplace(name, owner);
}

}  // namespace mqrpc::plugin

#include "protoc-plugin/checks.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "mqrpc/options.pb.h"
#include "protoc-plugin/declared_names.h"
#include "protoc-plugin/keywords.h"
#include "protoc-plugin/method_options_check.h"
#include "protoc-plugin/names.h"
#include "protoc-plugin/topic_check.h"

namespace mqrpc::plugin {

using google::protobuf::FileDescriptor;
using google::protobuf::FileOptions;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

namespace {

std::string Quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

// A class cannot have a member with its own name, nor two of one.
bool IsReservedForMethods(std::string_view name) {
  return IsNestedName(name) || name == "channel_" || name.substr(0, 6) == "mqrpc_";
}

void CheckGenericServices(const FileDescriptor& file, ErrorList& errors) {
  if (file.service_count() == 0 || !file.options().cc_generic_services()) return;
  errors.AddAtOption(
      file,
      FileOptions::kCcGenericServicesFieldNumber,
      "cc_generic_services makes protobuf generate classes with the names of the services, which "
      "mqrpc gives to its own; remove the option");
}

void CheckPackage(const FileDescriptor& file, ErrorList& errors) {
  if (file.service_count() == 0) return;
  const std::string_view package = file.package();
  for (const char* taken : {"absl", "mqrpc", "mqrpc.internal", "mqrpc.testing", "std"}) {
    if (package != taken) continue;
    errors.AddAtPackage(
        file,
        "package " + Quoted(package) +
            " is the namespace of a library that generated code uses; put services into another");
  }
  for (const std::string& component : Namespace(file)) {
    if (EscapeKeyword(component) == component) continue;
    errors.AddAtPackage(
        file,
        "package " + Quoted(package) + " has the C++ keyword " + Quoted(component) +
            " in it, and this version of protobuf makes a namespace of that name; rename the "
            "package");
  }
}

void CheckStreaming(const MethodDescriptor& method, ErrorList& errors) {
  const bool is_broadcast = method.options().GetExtension(mqrpc::responders) == MANY;
  if (!MethodNames(method).has_streams() || !is_broadcast) return;
  errors.AddAtOption(
      method,
      {kRespondersFieldNumber},
      "method " + Quoted(method.full_name()) +
          " has streams, which are with one server: (mqrpc.responders) cannot be MANY");
}

// Two functions of one name: of `X` and `XAsync`, or of `delete` with `delete_`.
void CheckOverlap(const ServiceDescriptor& service, ErrorList& errors) {
  std::map<std::string, std::string> owners;
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodNames names(*service.method(i));
    for (const std::string& function : names.Functions()) {
      const auto [owner, is_new] = owners.emplace(function, names.wire);
      if (is_new) continue;
      errors.Add(
          *service.method(i),
          "methods " + Quoted(owner->second) + " and " + Quoted(names.wire) +
              " would both generate the function " + Quoted(function) + "; rename one of them");
    }
  }
}

void CheckMethods(const ServiceDescriptor& service, ErrorList& errors) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    CheckStreaming(method, errors);
    CheckMethodOptions(method, errors);
    if (IsReservedForMethods(std::string(method.name()))) {
      errors.Add(
          method,
          "method name " + Quoted(method.name()) +
              " is reserved for what mqrpc generates; rename the method");
    }
  }
  CheckOverlap(service, errors);
  CheckTopics(service, errors);
}

// Of what is generated for methods, which no class has around it.
void CheckConstants(
    const ServiceDescriptor& service,
    const DeclaredNames& declared,
    ErrorList& errors) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    const std::string constant = MethodNames(method).constant;
    const std::string* owner = declared.Find(constant);
    if (owner == nullptr) continue;
    errors.Add(
        method,
        "method " + Quoted(method.full_name()) + " would generate the constant " +
            Quoted(constant) + ", which is also the C++ name of " + *owner + "; rename that");
  }
}

void CheckServiceNames(const FileDescriptor& file, ErrorList& errors) {
  const DeclaredNames declared(file);
  std::map<std::string, std::string> services;
  for (int i = 0; i < file.service_count(); ++i) {
    const ServiceDescriptor& service = *file.service(i);
    const std::string name = ServiceNames(service).class_name;
    const std::string what = "service name " + Quoted(service.name());
    if (IsNestedName(name)) {
      errors.Add(service, what + " is reserved for what mqrpc generates; rename the service");
    }
    if (const std::string* owner = declared.Find(name)) {
      errors.Add(
          service,
          what + " clashes with the C++ name " + Quoted(name) + " of " + *owner +
              "; rename the service");
    }
    CheckConstants(service, declared, errors);
    const auto [other, is_new] = services.emplace(name, service.name());
    if (is_new) continue;
    errors.Add(
        service,
        "services " + Quoted(other->second) + " and " + Quoted(service.name()) +
            " would both generate the class " + Quoted(name) + "; rename one of them");
  }
}

}  // namespace

void CheckFile(const FileDescriptor& file, ErrorList& errors) {
  CheckGenericServices(file, errors);
  CheckPackage(file, errors);
  CheckServiceNames(file, errors);
  for (int i = 0; i < file.service_count(); ++i) CheckMethods(*file.service(i), errors);
}

}  // namespace mqrpc::plugin

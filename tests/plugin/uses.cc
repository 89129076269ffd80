// What users write against generated code; compiled only.

#include <string_view>
#include <type_traits>
#include <utility>

#include "comments.mqrpc.pb.h"
#include "cpp_names.mqrpc.pb.h"
#include "imports.mqrpc.pb.h"
#include "keywords.mqrpc.pb.h"
#include "many_services.mqrpc.pb.h"
#include "method_options.mqrpc.pb.h"
#include "no_package.mqrpc.pb.h"
#include "no_service.mqrpc.pb.h"

namespace {

using fixtures::many_services::First;
using fixtures::many_services::Reply;
using fixtures::many_services::Request;

class MyFirst final : public First::Service {
 public:
  absl::StatusOr<Reply> Get(mqrpc::ServerContext& /*context*/, const Request& /*request*/)
      override {
    return Reply();
  }
};

class MyAsyncFirst final : public First::AsyncService {
 public:
  void Get(Request /*request*/, mqrpc::Responder<Reply> responder) override {
    responder.Finish(Reply());
  }
};

class MyCoFirst final : public First::CoService {
 public:
  mqrpc::Task<absl::StatusOr<Reply>> Get(mqrpc::ServerContext& /*context*/, Request request)
      override {
    co_return co_await stub_.GetAsync(request);
  }
  explicit MyCoFirst(mqrpc::Channel& channel) : stub_(channel) {}

 private:
  First::Stub stub_;
};

class MyKeywords final : public fixtures::keywords::delete_::Service {
 public:
  absl::StatusOr<fixtures::keywords::operator_> new_(
      mqrpc::ServerContext& /*context*/,
      const fixtures::keywords::union_& /*request*/) override {
    return absl::NotFoundError("new");
  }
};

static_assert(First::kServiceName == "fixtures.many_services.First");
static_assert(::Bare::kServiceName == "Bare");
static_assert(fixtures::keywords::delete_::kServiceName == "fixtures.keywords.delete");
static_assert(!std::is_default_constructible_v<First>);
static_assert(std::is_copy_constructible_v<First::Stub> && std::is_copy_assignable_v<First::Stub>);
static_assert(!std::is_convertible_v<mqrpc::Channel&, First::Stub>);
static_assert(std::is_default_constructible_v<First::Service>);
static_assert(std::is_base_of_v<mqrpc::Service, First::Service>);
static_assert(!std::is_abstract_v<First::Service>);
static_assert(!std::is_abstract_v<First::AsyncService>);
static_assert(!std::is_abstract_v<First::CoService>);
static_assert(!std::is_base_of_v<First::Service, First::AsyncService>);

absl::Status Call(mqrpc::Channel& channel) {
  First::Stub stub(channel);
  absl::StatusOr<Reply> reply = stub.Get(Request(), {.timeout = absl::Seconds(2)});
  mqrpc::Call<Reply> call = stub.GetAsync(Request());
  std::move(call).Then([](absl::StatusOr<Reply> /*reply*/) {});
  fixtures::keywords::delete_::Stub keywords(channel);
  keywords.newAsync({}).Detach();
  keywords.newNotify({}).Detach();
  fixtures::method_options::Valve::Stub valve(channel);
  valve.ExactlyOnceAsync({}, {.qos = mqrpc::QoS::kAtLeastOnce}).Detach();
  return keywords.co_await_({}).status();
}

}  // namespace

// Keeps the above from being unused.
void Uses(mqrpc::Channel& channel);
void Uses(mqrpc::Channel& channel) {
  MyFirst first;
  MyAsyncFirst async_first;
  MyCoFirst co_first(channel);
  MyKeywords keywords;
  first.mqrpc_descriptor();
  async_first.mqrpc_descriptor();
  co_first.mqrpc_descriptor();
  keywords.mqrpc_descriptor();
  Call(channel).IgnoreError();
}

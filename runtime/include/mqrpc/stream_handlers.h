#ifndef MQRPC_STREAM_HANDLERS_H_
#define MQRPC_STREAM_HANDLERS_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "mqrpc/server_stream.h"
#include "mqrpc/service.h"

// For generated code: streaming methods of each style as handlers, as UnaryHandler for the others.
// `Stream` is what the handler reads or writes, and `Result` what ends it.
namespace mqrpc {

// One request, and many replies.
template <class Request, class Stream, class ServiceClass>
Handler StreamHandler(
    ServiceClass* service,
    absl::Status (ServiceClass::*method)(ServerContext&, const Request&, Stream&)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    if (!internal::ReadRequest(*call, request)) return;
    Stream stream(std::move(call));
    stream.Finish((service->*method)(stream.context(), request, stream));
  };
}

template <class Request, class Stream, class ServiceClass>
Handler StreamHandler(ServiceClass* service, void (ServiceClass::*method)(Request, Stream)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    if (!internal::ReadRequest(*call, request)) return;
    (service->*method)(std::move(request), Stream(std::move(call)));
  };
}

namespace internal {

template <class Request, class Stream, class ServiceClass>
AnsweringCoroutine AnswerStream(
    ServiceClass* service,
    Task<absl::Status> (ServiceClass::*method)(ServerContext&, Request, Stream&),
    Request request,
    Stream stream) {
  absl::Status status = co_await (service->*method)(stream.context(), std::move(request), stream);
  stream.Finish(std::move(status));
}

template <class Result, class Stream, class ServiceClass>
AnsweringCoroutine AnswerStream(
    ServiceClass* service,
    Task<Result> (ServiceClass::*method)(ServerContext&, Stream&),
    Stream stream) {
  Result result = co_await (service->*method)(stream.context(), stream);
  stream.Finish(std::move(result));
}

}  // namespace internal

template <class Request, class Stream, class ServiceClass>
Handler StreamHandler(
    ServiceClass* service,
    Task<absl::Status> (ServiceClass::*method)(ServerContext&, Request, Stream&)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Request request;
    if (!internal::ReadRequest(*call, request)) return;
    internal::AnswerStream(service, method, std::move(request), Stream(std::move(call)));
  };
}

// Many requests, with one reply or many.
template <class Result, class Stream, class ServiceClass>
Handler StreamHandler(
    ServiceClass* service,
    Result (ServiceClass::*method)(ServerContext&, Stream&)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    Stream stream(std::move(call));
    stream.Finish((service->*method)(stream.context(), stream));
  };
}

template <class Stream, class ServiceClass>
Handler StreamHandler(ServiceClass* service, void (ServiceClass::*method)(Stream)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    (service->*method)(Stream(std::move(call)));
  };
}

template <class Result, class Stream, class ServiceClass>
Handler StreamHandler(
    ServiceClass* service,
    Task<Result> (ServiceClass::*method)(ServerContext&, Stream&)) {
  return [service, method](std::unique_ptr<ServerCall> call) {
    internal::AnswerStream(service, method, Stream(std::move(call)));
  };
}

}  // namespace mqrpc

#endif  // MQRPC_STREAM_HANDLERS_H_

#ifndef MQRPC_SERVER_CALL_H_
#define MQRPC_SERVER_CALL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "mqrpc/byte_stream.h"
#include "mqrpc/serialize.h"
#include "mqrpc/server_context.h"

namespace mqrpc {

// One execution of a method, in bytes: requests in, replies out, one status. A unary call reads one
// and writes one. Whoever owns it answers it: one that is destroyed without `Finish` answers
// INTERNAL, so that no caller is left hanging. Any thread, one at a time.
class ServerCall {
 public:
  virtual ~ServerCall() = default;

  virtual ServerContext& context() = 0;

  // Of the messages, both ways.
  virtual Encoding encoding() const = 0;

  // The request, and the reply, of a method that has one.
  virtual std::optional<std::string> Read() = 0;  // null the second time
  virtual void Write(std::string reply) = 0;

  // Of one that has a stream of them. They may outlive the call, and then end.
  virtual std::shared_ptr<internal::ByteReader> reader() = 0;
  virtual std::shared_ptr<internal::ByteWriter> writer() = 0;

  // Sends the reply, or, if `status` is not OK, the status with its details instead; after all that
  // was written to a stream.
  virtual void Finish(absl::Status status) = 0;
};

}  // namespace mqrpc

#endif  // MQRPC_SERVER_CALL_H_

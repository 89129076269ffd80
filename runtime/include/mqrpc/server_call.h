#ifndef MQRPC_SERVER_CALL_H_
#define MQRPC_SERVER_CALL_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "mqrpc/server_context.h"

namespace mqrpc {

// One execution of a method, in bytes: request frames in, reply frames out, one status. A unary
// call reads one and writes one. Whoever owns it answers it: one that is destroyed without `Finish`
// answers INTERNAL, so that no caller is left hanging. Any thread, one at a time.
class ServerCall {
 public:
  virtual ~ServerCall() = default;

  virtual ServerContext& context() = 0;

  // Of the frames, both ways.
  virtual Encoding encoding() const = 0;

  // The next request frame; nullopt after the last.
  virtual std::optional<std::string> Read() = 0;
  virtual void Write(std::string frame) = 0;

  // Sends what was written, or, if `status` is not OK, the status with its details instead.
  virtual void Finish(absl::Status status) = 0;
};

}  // namespace mqrpc

#endif  // MQRPC_SERVER_CALL_H_

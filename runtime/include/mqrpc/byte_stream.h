#ifndef MQRPC_BYTE_STREAM_H_
#define MQRPC_BYTE_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mqrpc/item_queue.h"
#include "mqrpc/metadata.h"

namespace mqrpc::internal {

// That at least one message can be written.
struct Room {};

// Where the messages of one direction of a stream come from, in bytes.
class ByteReader : public ItemQueue<std::string> {
 public:
  // OK if all have been read, or more may come; or why the rest does not.
  virtual absl::Status status() = 0;
};

// Where they go. As a queue, what can be waited for is room; none: nobody reads any more.
class ByteWriter : public ItemQueue<Room> {
 public:
  // Takes the message if there is room for it.
  virtual bool TryWrite(std::string& message) = 0;
};

// Both of a stream, at its caller.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual std::shared_ptr<ByteReader> reader() = 0;
  virtual std::shared_ptr<ByteWriter> writer() = 0;

  // No more is written, or read.
  virtual void WritesDone() = 0;
  virtual void DropReplies() = 0;

  // That the server has sent so far.
  virtual Metadata headers() = 0;
};

}  // namespace mqrpc::internal

#endif  // MQRPC_BYTE_STREAM_H_

#ifndef MQRPC_TESTS_RUNTIME_FAKE_FEED_H_
#define MQRPC_TESTS_RUNTIME_FAKE_FEED_H_

#include <functional>

#include "streams.mqrpc.pb.h"

namespace mqrpc::tests {

inline Item MakeItem(int64_t number) {
  Item item;
  item.set_number(number);
  return item;
}

// Counts, sums and repeats, unless a test sets another method.
struct FakeFeed final : Feed::Service {
  using Reader = ServerReader<Item, Item>;
  using Writer = ServerWriter<Item>;
  using ReaderWriter = ServerReaderWriter<Item, Item>;

  absl::Status Count(ServerContext& context, const Item& request, Writer& writer) override {
    if (count) return count(context, request, writer);
    for (int64_t i = 0; i < request.number(); ++i) {
      if (!writer.Write(MakeItem(i))) return absl::CancelledError("nobody reads");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<Item> Sum(ServerContext& context, Reader& reader) override {
    if (sum) return sum(context, reader);
    int64_t total = 0;
    for (const Item& item : reader) total += item.number();
    if (!reader.status().ok()) return reader.status();
    return MakeItem(total);
  }
  absl::Status Chat(ServerContext& context, ReaderWriter& stream) override {
    if (chat) return chat(context, stream);
    for (const Item& item : stream) stream.Write(item);
    return stream.status();
  }

  std::function<absl::Status(ServerContext&, const Item&, Writer&)> count;
  std::function<absl::StatusOr<Item>(ServerContext&, Reader&)> sum;
  std::function<absl::Status(ServerContext&, ReaderWriter&)> chat;
};

}  // namespace mqrpc::tests

#endif  // MQRPC_TESTS_RUNTIME_FAKE_FEED_H_

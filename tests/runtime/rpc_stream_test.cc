// Streams, from a stub to a handler, in real time, over every medium.

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fake_echo.h"
#include "fake_feed.h"
#include "gate.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "mqrpc/channel.h"
#include "mqrpc/task.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::_;
using ::testing::HasSubstr;

using Code = absl::StatusCode;

using RpcStreamTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    RpcStreamTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

TEST_P(RpcStreamTest, RepliesComeInOrderAndThenTheStatus) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReader<Item> items = Feed::Stub(channel).Count(MakeItem(10'000));

  int64_t next = 0;
  for (const Item& item : items) EXPECT_EQ(item.number(), next++);

  EXPECT_EQ(next, 10'000);
  EXPECT_THAT(items.Finish(), IsOk());
}

TEST_P(RpcStreamTest, AStreamMayBeEmpty) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReader<Item> items = Feed::Stub(channel).Count(MakeItem(0));
  EXPECT_EQ(items.Read(), std::nullopt);
  EXPECT_EQ(items.Read(), std::nullopt);
  EXPECT_THAT(items.Finish(), IsOk());
}

TEST_P(RpcStreamTest, RequestsAreAnsweredByOneReply) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientWriter<Item, Item> sum = Feed::Stub(channel).Sum();
  for (int64_t i = 0; i < 10'000; ++i) ASSERT_TRUE(sum.Write(MakeItem(i)));

  absl::StatusOr<Item> total = sum.Finish();

  ASSERT_THAT(total, IsOk());
  EXPECT_EQ(total->number(), 10'000 * 9'999 / 2);
}

TEST_P(RpcStreamTest, BothWaysAtOnceFromTwoThreads) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReaderWriter<Item, Item> chat = Feed::Stub(channel).Chat();
  std::thread writing([&chat] {
    for (int64_t i = 0; i < 10'000; ++i) EXPECT_TRUE(chat.Write(MakeItem(i)));
    chat.WritesDone();
  });
  int64_t next = 0;
  for (const Item& item : chat) EXPECT_EQ(item.number(), next++);
  writing.join();
  EXPECT_EQ(next, 10'000);
  EXPECT_THAT(chat.Finish(), IsOk());
}

TEST_P(RpcStreamTest, OneForOne) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReaderWriter<Item, Item> chat = Feed::Stub(channel).Chat();
  for (int64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(chat.Write(MakeItem(i)));
    std::optional<Item> answer = chat.Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->number(), i);
  }
  EXPECT_THAT(chat.Finish(), IsOk());
}

TEST_P(RpcStreamTest, WhatWasWrittenBeforeAnErrorIsReadBeforeIt) {
  FakeFeed service;
  service.count = [](ServerContext&, const Item&, ServerWriter<Item>& writer) {
    for (int64_t i = 0; i < 3; ++i) writer.Write(MakeItem(i));
    return absl::DataLossError("the tape has torn");
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReader<Item> items = Feed::Stub(channel).Count(MakeItem(0));
  int64_t count = 0;
  while (items.Read().has_value()) ++count;
  EXPECT_EQ(count, 3);
  EXPECT_THAT(items.Finish(), StatusIs(Code::kDataLoss, "the tape has torn"));
}

TEST_P(RpcStreamTest, ASlowReaderHoldsUpItsWriterAndNobodyElse) {
  FakeFeed service;
  Events events;
  EventLog<int64_t> written(events);
  service.count = [&written](ServerContext&, const Item& request, ServerWriter<Item>& writer) {
    for (int64_t i = 0; i < request.number(); ++i) {
      if (!writer.Write(MakeItem(i))) return absl::CancelledError("nobody reads");
      written.Add(i);
    }
    return absl::OkStatus();
  };
  RunningServer server(Connect("server"), service, {.max_unread_messages = 10});
  Channel channel(Connect("client"), {.max_unread_messages = 10});
  ClientReader<Item> slow = Feed::Stub(channel).Count(MakeItem(1'000));
  ASSERT_TRUE(slow.Read().has_value());

  ClientReader<Item> quick = Feed::Stub(channel).Count(MakeItem(500));
  int64_t count = 0;
  while (quick.Read().has_value()) ++count;

  EXPECT_EQ(count, 500);
  EXPECT_LE(written.Size(), 500u + 10 + 10 + 5 + 1);  // a window, a queue, what has been read
  count = 1;
  while (slow.Read().has_value()) ++count;
  EXPECT_EQ(count, 1'000);
  EXPECT_THAT(slow.Finish(), IsOk());
}

TEST_P(RpcStreamTest, ACancelStopsAWriterThatWaits) {
  FakeFeed service;
  Gate stopped;
  service.count = [&stopped](ServerContext& context, const Item&, ServerWriter<Item>& writer) {
    while (writer.Write(MakeItem(0))) {
    }
    EXPECT_TRUE(context.IsCancelled());
    stopped.Open();
    return absl::CancelledError();
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReader<Item> items = Feed::Stub(channel).Count(MakeItem(0));
  ASSERT_TRUE(items.Read().has_value());

  items.Cancel();

  EXPECT_TRUE(stopped.Wait());
  EXPECT_THAT(items.Finish(), StatusIs(Code::kCancelled, _));
}

TEST_P(RpcStreamTest, SoDoesADroppedReader) {
  FakeFeed service;
  Gate stopped;
  service.chat = [&stopped](ServerContext& context, ServerReaderWriter<Item, Item>& stream) {
    while (std::optional<Item> item = stream.Read()) stream.Write(*item);
    EXPECT_TRUE(context.IsCancelled());
    EXPECT_THAT(stream.status(), StatusIs(Code::kCancelled, _));
    stopped.Open();
    return absl::OkStatus();
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  {
    ClientReaderWriter<Item, Item> chat = Feed::Stub(channel).Chat();
    ASSERT_TRUE(chat.Write(MakeItem(1)));
    ASSERT_TRUE(chat.Read().has_value());
  }
  EXPECT_TRUE(stopped.Wait());
}

TEST_P(RpcStreamTest, TheDeadlineEndsItAtBothEnds) {
  FakeFeed service;
  Gate stopped;
  service.count = [&stopped](ServerContext&, const Item&, ServerWriter<Item>& writer) {
    while (writer.Write(MakeItem(0))) {
    }
    stopped.Open();
    return absl::OkStatus();
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReader<Item> items =
      Feed::Stub(channel).Count(MakeItem(0), {.timeout = absl::Milliseconds(300)});
  EXPECT_THAT(items.Finish(), StatusIs(Code::kDeadlineExceeded, _));
  EXPECT_TRUE(stopped.Wait());
}

TEST_P(RpcStreamTest, AServerMayAnswerBeforeItHasReadAll) {
  FakeFeed service;
  service.sum = [](ServerContext&, ServerReader<Item, Item>& reader) -> absl::StatusOr<Item> {
    EXPECT_TRUE(reader.Read().has_value());
    return absl::OutOfRangeError("enough");
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientWriter<Item, Item> sum = Feed::Stub(channel).Sum();
  while (sum.Write(MakeItem(1))) {
  }
  EXPECT_THAT(sum.Finish(), StatusIs(Code::kOutOfRange, "enough"));
}

TEST_P(RpcStreamTest, NobodyServesIt) {
  FakeEcho other;
  RunningServer server(Connect("server"), other);
  Channel channel(Connect("client"));
  EXPECT_THAT(Feed::Stub(channel).Count(MakeItem(1)).Finish(), StatusIs(Code::kUnavailable, _));
  EXPECT_THAT(Feed::Stub(channel).Sum().Finish(), StatusIs(Code::kUnavailable, _));
  EXPECT_THAT(Feed::Stub(channel).Chat().Finish(), StatusIs(Code::kUnavailable, _));
}

TEST_P(RpcStreamTest, AMethodThatIsNotOverriddenIsUnimplemented) {
  Feed::Service service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  EXPECT_THAT(Feed::Stub(channel).Count(MakeItem(1)).Finish(), StatusIs(Code::kUnimplemented, _));
  EXPECT_THAT(Feed::Stub(channel).Sum().Finish(), StatusIs(Code::kUnimplemented, _));
  EXPECT_THAT(Feed::Stub(channel).Chat().Finish(), StatusIs(Code::kUnimplemented, _));
}

TEST_P(RpcStreamTest, HeadersComeWithTheFirstMessageAndTrailersWithTheStatus) {
  FakeFeed service;
  Gate has_read;
  service.count = [&has_read](ServerContext& context, const Item&, ServerWriter<Item>& writer) {
    EXPECT_THAT(context.AddHeader("head", "first"), IsOk());
    EXPECT_TRUE(writer.Write(MakeItem(1)));
    EXPECT_TRUE(has_read.Wait());
    EXPECT_THAT(context.AddTrailer("tail", "last"), IsOk());
    return absl::AbortedError("enough");
  };
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  auto metadata = std::make_shared<ReplyMetadata>();
  ClientReader<Item> items = Feed::Stub(channel).Count(MakeItem(0), {.reply_metadata = metadata});
  ASSERT_TRUE(items.Read().has_value());
  EXPECT_EQ(items.headers(), Metadata({{"head", "first"}}));
  has_read.Open();
  EXPECT_THAT(items.Finish(), StatusIs(Code::kAborted, "enough"));
  EXPECT_EQ(metadata->headers, Metadata({{"head", "first"}}));
  EXPECT_EQ(metadata->trailers, Metadata({{"tail", "last"}}));
}

TEST_P(RpcStreamTest, AMessageThatIsTooLargeEndsIt) {
  FakeFeed service;
  RunningServer server(Connect("server"), service, {.max_message_size = 1'000});
  Channel channel(Connect("client"));
  Item large;
  large.set_data(std::string(2'000, 'x'));
  ClientReaderWriter<Item, Item> chat = Feed::Stub(channel).Chat();
  chat.Write(large);
  EXPECT_THAT(chat.Finish(), StatusIs(Code::kResourceExhausted, HasSubstr("max_message_size")));

  Channel small(Connect("small"), {.max_message_size = 1'000});
  ClientReaderWriter<Item, Item> refused = Feed::Stub(small).Chat();
  EXPECT_FALSE(refused.Write(large));
  EXPECT_THAT(refused.Finish(), StatusIs(Code::kResourceExhausted, HasSubstr("2003 bytes")));
}

TEST_P(RpcStreamTest, ThereAreAsManyStreamsAsTheServerAllows) {
  FakeFeed service;
  RunningServer server(Connect("server"), service, {.max_streams = 1});
  Channel channel(Connect("client"));
  ClientReaderWriter<Item, Item> first = Feed::Stub(channel).Chat();
  ASSERT_TRUE(first.Write(MakeItem(1)));
  ASSERT_TRUE(first.Read().has_value());
  EXPECT_THAT(
      Feed::Stub(channel).Count(MakeItem(1)).Finish(),
      StatusIs(Code::kResourceExhausted, HasSubstr("ServerOptions::max_streams (1)")));
  EXPECT_THAT(first.Finish(), IsOk());
}

TEST_P(RpcStreamTest, AShutdownEndsWhatLastsTooLong) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReaderWriter<Item, Item> chat = Feed::Stub(channel).Chat();
  ASSERT_TRUE(chat.Write(MakeItem(1)));
  ASSERT_TRUE(chat.Read().has_value());
  server->Shutdown(absl::Milliseconds(100));
  EXPECT_THAT(chat.Finish(), StatusIs(Code::kUnavailable, HasSubstr("shut down")));
}

// As a service with coroutines.
struct CoFeed final : Feed::CoService {
  Task<absl::Status> Count(ServerContext&, Item request, ServerWriter<Item>& writer) override {
    for (int64_t i = 0; i < request.number(); ++i) {
      if (!co_await writer.WriteAsync(MakeItem(i))) co_return absl::CancelledError();
    }
    co_return absl::OkStatus();
  }
  Task<absl::StatusOr<Item>> Sum(ServerContext&, ServerReader<Item, Item>& reader) override {
    int64_t total = 0;
    while (std::optional<Item> item = co_await reader.ReadAsync()) total += item->number();
    if (!reader.status().ok()) co_return reader.status();
    co_return MakeItem(total);
  }
  Task<absl::Status> Chat(ServerContext&, ServerReaderWriter<Item, Item>& stream) override {
    while (std::optional<Item> item = co_await stream.ReadAsync()) {
      co_await stream.WriteAsync(*item);
    }
    co_return stream.status();
  }
};

Task<absl::Status> ReadAll(Feed::Stub feed, int64_t count) {
  ClientReader<Item> items = feed.Count(MakeItem(count));
  int64_t next = 0;
  while (std::optional<Item> item = co_await items.ReadAsync()) EXPECT_EQ(item->number(), next++);
  EXPECT_EQ(next, count);
  co_return co_await items.FinishAsync();
}

Task<absl::StatusOr<Item>> WriteAll(Feed::Stub feed, int64_t count) {
  ClientWriter<Item, Item> sum = feed.Sum();
  for (int64_t i = 0; i < count; ++i) {
    if (!co_await sum.WriteAsync(MakeItem(1))) break;
  }
  co_return co_await sum.FinishAsync();
}

TEST_P(RpcStreamTest, CoroutinesAtBothEnds) {
  CoFeed service;
  RunningServer server(Connect("server"), service, {.max_unread_messages = 10});
  Channel channel(Connect("client"), {.max_unread_messages = 10});
  Feed::Stub feed(channel);
  EXPECT_THAT(ReadAll(feed, 1'000).Wait(), IsOk());
  absl::StatusOr<Item> total = WriteAll(feed, 1'000).Wait();
  ASSERT_THAT(total, IsOk());
  EXPECT_EQ(total->number(), 1'000);
}

// Which owns its streams, and goes on with them in continuations.
struct AsyncFeed final : Feed::AsyncService {
  struct Counting {
    ServerWriter<Item> writer;
    int64_t next = 0;
    int64_t end = 0;
  };
  struct Summing {
    ServerReader<Item, Item> reader;
    int64_t total = 0;
  };

  void Count(Item request, ServerWriter<Item> writer) override {
    GoOn(std::make_shared<Counting>(Counting{std::move(writer), 0, request.number()}));
  }
  static void GoOn(const std::shared_ptr<Counting>& counting) {
    if (counting->next == counting->end) return counting->writer.Finish(absl::OkStatus());
    counting->writer.WriteThen(MakeItem(counting->next++), [counting](bool is_written) {
      if (is_written) return GoOn(counting);
      counting->writer.Finish(absl::CancelledError());
    });
  }
  void Sum(ServerReader<Item, Item> reader) override {
    Add(std::make_shared<Summing>(Summing{std::move(reader)}));
  }
  static void Add(const std::shared_ptr<Summing>& summing) {
    summing->reader.ReadThen([summing](std::optional<Item> item) {
      if (!item.has_value()) return summing->reader.Finish(MakeItem(summing->total));
      summing->total += item->number();
      Add(summing);
    });
  }
};

TEST_P(RpcStreamTest, ContinuationsAtTheServer) {
  AsyncFeed service;
  RunningServer server(Connect("server"), service, {.max_unread_messages = 10});
  Channel channel(Connect("client"), {.max_unread_messages = 10});
  Feed::Stub feed(channel);
  EXPECT_THAT(ReadAll(feed, 1'000).Wait(), IsOk());
  absl::StatusOr<Item> total = WriteAll(feed, 1'000).Wait();
  ASSERT_THAT(total, IsOk());
  EXPECT_EQ(total->number(), 1'000);
}

TEST_P(RpcStreamTest, ContinuationsAtTheClient) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"));
  ClientReader<Item> items = Feed::Stub(channel).Count(MakeItem(100));
  Gate done;
  int64_t count = 0;
  std::function<void(std::optional<Item>)> next = [&](std::optional<Item> item) {
    if (!item.has_value()) return done.Open();
    ++count;
    items.ReadThen(next);
  };
  items.ReadThen(next);
  EXPECT_TRUE(done.Wait());
  EXPECT_EQ(count, 100);
  EXPECT_THAT(items.Finish(), IsOk());
}

TEST_P(RpcStreamTest, InJson) {
  FakeFeed service;
  RunningServer server(Connect("server"), service);
  Channel channel(Connect("client"), {.encoding = Encoding::kJson});
  ClientReaderWriter<Item, Item> chat = Feed::Stub(channel).Chat();
  for (int64_t i = 0; i < 100; ++i) ASSERT_TRUE(chat.Write(MakeItem(i)));
  chat.WritesDone();
  int64_t next = 0;
  for (const Item& item : chat) EXPECT_EQ(item.number(), next++);
  EXPECT_EQ(next, 100);
  EXPECT_THAT(chat.Finish(), IsOk());
}

TEST_P(RpcStreamTest, HandlersOnTheConnectionsOwnThread) {
  CoFeed service;
  RunningServer server(Connect("server"), service, {.workers = 0, .max_unread_messages = 10});
  Channel channel(Connect("client"), {.max_unread_messages = 10});
  Feed::Stub feed(channel);
  EXPECT_THAT(ReadAll(feed, 100).Wait(), IsOk());
  EXPECT_THAT(WriteAll(feed, 100).Wait(), IsOk());
}

}  // namespace
}  // namespace mqrpc::tests

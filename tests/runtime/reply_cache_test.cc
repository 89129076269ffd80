#include "reply_cache.h"

#include <string>

#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

using Verdict = ReplyCache::Verdict;

absl::Time At(int second) { return absl::UnixEpoch() + absl::Seconds(second); }

ReplyCache::Request MakeRequest(
    std::string key,
    Idempotency idempotency = Idempotency::kUnknown,
    int expires = 10) {
  return {
      .topic = "replies",
      .correlation = {key.begin(), key.end()},
      .fingerprint = 1,
      .idempotency = idempotency,
      .expires = At(expires)};
}

void RunOnce(ReplyCache& cache, ReplyCache::Request request, const ReplyCache::Answer& answer) {
  auto [verdict, entry] = cache.Admit(std::move(request));
  ASSERT_EQ(verdict, Verdict::kNew);
  cache.Finish(entry, answer);
}

Verdict VerdictOf(ReplyCache& cache, std::string key, Idempotency idempotency = {}) {
  ReplyCache::Admission admission = cache.Admit(MakeRequest(key, idempotency));
  if (admission.verdict == Verdict::kNew) cache.Forget(admission.entry);
  return admission.verdict;
}

TEST(ReplyCacheTest, ARepetitionJoinsTheOneThatRuns) {
  ReplyCache cache(10, 10'000);
  EXPECT_EQ(cache.Admit(MakeRequest("a")).verdict, Verdict::kNew);
  EXPECT_EQ(cache.Admit(MakeRequest("a")).verdict, Verdict::kRunning);
  EXPECT_EQ(cache.Admit(MakeRequest("b")).verdict, Verdict::kNew);
}

TEST(ReplyCacheTest, TheSameCorrelationOfAnotherTopicIsAnotherCall) {
  ReplyCache cache(10, 10'000);
  ReplyCache::Request other = MakeRequest("a");
  other.topic = "others";
  EXPECT_EQ(cache.Admit(MakeRequest("a")).verdict, Verdict::kNew);
  EXPECT_EQ(cache.Admit(std::move(other)).verdict, Verdict::kNew);
}

TEST(ReplyCacheTest, ARepetitionGetsTheSameReply) {
  ReplyCache cache(10, 10'000);
  RunOnce(cache, MakeRequest("a"), {"reply"});
  ReplyCache::Admission again = cache.Admit(MakeRequest("a"));
  ASSERT_EQ(again.verdict, Verdict::kFinished);
  EXPECT_EQ(*ReplyCache::AnswerOf(*again.entry).result, "reply");
}

TEST(ReplyCacheTest, ARepetitionOfOneThatFailedGetsTheSameError) {
  ReplyCache cache(10, 10'000);
  RunOnce(cache, MakeRequest("a"), {absl::AbortedError("why")});
  ReplyCache::Admission again = cache.Admit(MakeRequest("a"));
  ASSERT_EQ(again.verdict, Verdict::kFinished);
  EXPECT_EQ(ReplyCache::AnswerOf(*again.entry).result.status(), absl::AbortedError("why"));
}

TEST(ReplyCacheTest, AnotherRequestWithTheSameKeyIsAConflict) {
  ReplyCache cache(10, 10'000);
  ReplyCache::Admission running = cache.Admit(MakeRequest("a"));
  ReplyCache::Request other = MakeRequest("a");
  other.fingerprint = 2;
  EXPECT_EQ(cache.Admit(other).verdict, Verdict::kConflict);
  cache.Finish(running.entry, {});
  EXPECT_EQ(cache.Admit(other).verdict, Verdict::kConflict);
}

TEST(ReplyCacheTest, OneThatDidNotRunIsNotRemembered) {
  ReplyCache cache(10, 10'000);
  cache.Forget(cache.Admit(MakeRequest("a")).entry);
  EXPECT_TRUE(cache.empty());
  EXPECT_EQ(cache.Admit(MakeRequest("a")).verdict, Verdict::kNew);
}

TEST(ReplyCacheTest, WithoutSideEffectsOnlyARunningOneIsJoined) {
  ReplyCache cache(10, 10'000);
  ReplyCache::Request request = MakeRequest("a", Idempotency::kNoSideEffects);
  ReplyCache::Admission running = cache.Admit(request);
  EXPECT_EQ(cache.Admit(request).verdict, Verdict::kRunning);
  cache.Finish(running.entry, {"reply"});
  EXPECT_TRUE(cache.empty());
  EXPECT_EQ(cache.Admit(request).verdict, Verdict::kNew);
}

TEST(ReplyCacheTest, AReplyIsKeptAsLongAsItsCallerMayAskAgain) {
  ReplyCache cache(10, 10'000);
  RunOnce(cache, MakeRequest("long", Idempotency::kUnknown, 20), {});
  RunOnce(cache, MakeRequest("short", Idempotency::kUnknown, 10), {});
  EXPECT_EQ(cache.next_expiry(), At(10));

  cache.Expire(At(10));

  EXPECT_EQ(VerdictOf(cache, "short"), Verdict::kNew);
  EXPECT_EQ(VerdictOf(cache, "long"), Verdict::kFinished);
  cache.Expire(At(20));
  EXPECT_TRUE(cache.empty());
  EXPECT_EQ(cache.next_expiry(), absl::InfiniteFuture());
}

TEST(ReplyCacheTest, ARunningOneStaysHoweverLongItTakes) {
  ReplyCache cache(10, 10'000);
  ReplyCache::Admission running = cache.Admit(MakeRequest("a"));
  cache.Expire(At(100));
  EXPECT_EQ(cache.Admit(MakeRequest("a")).verdict, Verdict::kRunning);
  cache.Finish(running.entry, {});
  cache.Expire(At(100));
  EXPECT_TRUE(cache.empty());
}

TEST(ReplyCacheTest, TheOldestIdempotentOneGoesFirst) {
  ReplyCache cache(3, 10'000);
  RunOnce(cache, MakeRequest("command"), {});
  RunOnce(cache, MakeRequest("older", Idempotency::kIdempotent), {});
  RunOnce(cache, MakeRequest("newer", Idempotency::kIdempotent), {});
  RunOnce(cache, MakeRequest("another"), {});

  EXPECT_EQ(VerdictOf(cache, "command"), Verdict::kFinished);
  EXPECT_EQ(VerdictOf(cache, "newer", Idempotency::kIdempotent), Verdict::kFinished);
  EXPECT_EQ(VerdictOf(cache, "another"), Verdict::kFinished);
  EXPECT_EQ(cache.evicted(), 0u);
}

TEST(ReplyCacheTest, ThenTheOldestOfTheOthersWhichIsCounted) {
  ReplyCache cache(2, 10'000);
  for (const char* key : {"first", "second", "third"}) {
    RunOnce(cache, MakeRequest(key), {});
  }
  EXPECT_EQ(cache.evicted(), 1u);
  EXPECT_EQ(VerdictOf(cache, "third"), Verdict::kFinished);
  EXPECT_EQ(VerdictOf(cache, "second"), Verdict::kFinished);
}

TEST(ReplyCacheTest, OfThemThatWithTheShortestTimeLeft) {
  ReplyCache cache(2, 10'000);
  RunOnce(cache, MakeRequest("long", Idempotency::kUnknown, 20), {});
  RunOnce(cache, MakeRequest("short", Idempotency::kUnknown, 10), {});
  RunOnce(cache, MakeRequest("another", Idempotency::kUnknown, 20), {});
  EXPECT_EQ(cache.evicted(), 1u);
  EXPECT_EQ(VerdictOf(cache, "long"), Verdict::kFinished);
  EXPECT_EQ(VerdictOf(cache, "another"), Verdict::kFinished);
}

TEST(ReplyCacheTest, OneWithoutALimitStays) {
  ReplyCache cache(10, 10'000);
  ReplyCache::Request request = MakeRequest("a");
  request.expires = absl::InfiniteFuture();
  RunOnce(cache, request, {});
  EXPECT_EQ(cache.next_expiry(), absl::InfiniteFuture());
  cache.Expire(At(1'000'000));
  EXPECT_EQ(cache.Admit(request).verdict, Verdict::kFinished);
}

TEST(ReplyCacheTest, ARunningOneIsNeverEvicted) {
  ReplyCache cache(1, 10'000);
  ReplyCache::Admission first = cache.Admit(MakeRequest("first"));
  ReplyCache::Admission second = cache.Admit(MakeRequest("second"));
  EXPECT_EQ(cache.Admit(MakeRequest("first")).verdict, Verdict::kRunning);
  cache.Finish(first.entry, {});
  cache.Finish(second.entry, {});
  EXPECT_EQ(cache.evicted(), 1u);
  EXPECT_EQ(VerdictOf(cache, "second"), Verdict::kFinished);
}

TEST(ReplyCacheTest, ItsBytesAreBounded) {
  ReplyCache cache(100, 10'000);
  for (int i = 0; i < 10; ++i) {
    RunOnce(cache, MakeRequest(std::to_string(i)), {std::string(2000, 'x')});
  }
  EXPECT_EQ(VerdictOf(cache, "9"), Verdict::kFinished);
  EXPECT_GE(cache.evicted(), 5u);
  EXPECT_LE(cache.evicted(), 7u);
}

}  // namespace
}  // namespace mqrpc::internal

// Steps and their compensations: which run, in which order, and what is said of them.

#include "mqrpc/saga.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/status_details.h"
#include "status_matchers.h"
#include "test.pb.h"

namespace mqrpc::tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

using Code = absl::StatusCode;

class SagaTest : public ::testing::Test {
 protected:
  // What answers with the next of `answers`, and with the last of them from then on.
  auto Answers(std::string name, std::vector<absl::Status> answers) {
    return [this, name, answers, next = size_t{0}](const CallOptions&) mutable {
      ran_.push_back(name);
      return answers[std::min(next++, answers.size() - 1)];
    };
  }
  auto Answers(std::string name, absl::Status answer = absl::OkStatus()) {
    return Answers(std::move(name), std::vector<absl::Status>{std::move(answer)});
  }

  void AddStep(Saga& saga, std::string name, absl::Status answer = absl::OkStatus()) {
    saga.Step(name, Answers(name, std::move(answer)), Answers("undo " + name));
  }

  static std::vector<std::string> LogOf(const Saga& saga) {
    std::vector<std::string> lines;
    for (const SagaEvent& event : saga.log()) lines.push_back(event.ToString());
    return lines;
  }

  std::vector<std::string> ran_;
};

TEST_F(SagaTest, StepsRunOneAfterTheOther) {
  Saga saga;
  AddStep(saga, "reserve");
  AddStep(saga, "pay");
  EXPECT_THAT(saga.Run(), IsOk());
  EXPECT_THAT(ran_, ElementsAre("reserve", "pay"));
  EXPECT_THAT(LogOf(saga), ElementsAre("reserve: ran", "pay: ran"));
}

TEST_F(SagaTest, OneWithoutStepsIsDone) {
  Saga saga;
  EXPECT_THAT(saga.Run(), IsOk());
  EXPECT_THAT(saga.log(), IsEmpty());
}

TEST_F(SagaTest, WhatWasDoneIsCompensatedInReverse) {
  Saga saga({.id = "order-4711"});
  AddStep(saga, "reserve");
  AddStep(saga, "pack");
  AddStep(saga, "pay", absl::FailedPreconditionError("the card is declined"));
  AddStep(saga, "send");
  EXPECT_THAT(
      saga.Run(),
      StatusIs(
          Code::kFailedPrecondition,
          "step \"pay\" of saga order-4711 failed: the card is declined"));
  EXPECT_THAT(ran_, ElementsAre("reserve", "pack", "pay", "undo pack", "undo reserve"));
  EXPECT_THAT(
      LogOf(saga),
      ElementsAre(
          "reserve: ran",
          "pack: ran",
          "pay: failed: FAILED_PRECONDITION: the card is declined",
          "pack: compensated",
          "reserve: compensated"));
}

TEST_F(SagaTest, AStepThatMayHaveRunIsCompensatedToo) {
  for (Code code :
       {Code::kCancelled,
        Code::kUnknown,
        Code::kDeadlineExceeded,
        Code::kUnavailable,
        Code::kInternal,
        Code::kDataLoss,
        Code::kAborted,
        Code::kResourceExhausted}) {
    ran_.clear();
    Saga saga;
    AddStep(saga, "pay", absl::Status(code, "who knows"));
    EXPECT_THAT(saga.Run(), StatusIs(code, HasSubstr("who knows")));
    EXPECT_THAT(ran_, ElementsAre("pay", "undo pay")) << absl::StatusCodeToString(code);
  }
}

TEST_F(SagaTest, OneThatWasRefusedIsNot) {
  for (Code code :
       {Code::kInvalidArgument,
        Code::kNotFound,
        Code::kAlreadyExists,
        Code::kPermissionDenied,
        Code::kUnauthenticated,
        Code::kFailedPrecondition,
        Code::kOutOfRange,
        Code::kUnimplemented}) {
    ran_.clear();
    Saga saga;
    AddStep(saga, "pay", absl::Status(code, "no"));
    EXPECT_THAT(saga.Run(), StatusIs(code, HasSubstr("no")));
    EXPECT_THAT(ran_, ElementsAre("pay")) << absl::StatusCodeToString(code);
  }
}

TEST_F(SagaTest, DetailsOfTheFailureAreKept) {
  absl::Status declined = absl::FailedPreconditionError("declined");
  Reason reason;
  reason.set_number(51);
  AddDetail(declined, reason);
  Saga saga;
  AddStep(saga, "pay", declined);
  absl::Status status = saga.Run();
  ASSERT_TRUE(GetDetail<Reason>(status).has_value());
  EXPECT_EQ(GetDetail<Reason>(status)->number(), 51);
}

TEST_F(SagaTest, AStepMayHaveNothingToUndo) {
  Saga saga;
  AddStep(saga, "reserve");
  saga.Step("look", Answers("look"));
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(saga.Run(), StatusIs(Code::kNotFound, Not(HasSubstr("compensated"))));
  EXPECT_THAT(ran_, ElementsAre("reserve", "look", "pay", "undo reserve"));
  EXPECT_EQ(LogOf(saga)[3], "look: not compensated");
}

TEST_F(SagaTest, ACompensationIsTriedAgain) {
  Saga saga;
  saga.Step(
      "reserve",
      Answers("reserve"),
      Answers("release", {absl::UnavailableError("away"), absl::OkStatus()}));
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(saga.Run(), StatusIs(Code::kNotFound, Not(HasSubstr("compensated"))));
  EXPECT_THAT(ran_, ElementsAre("reserve", "pay", "release", "release"));
  EXPECT_EQ(LogOf(saga).back(), "reserve: compensated");
}

TEST_F(SagaTest, OnlySoOften) {
  Saga saga({.id = "7", .compensation_attempts = 2});
  saga.Step("reserve", Answers("reserve"), Answers("release", absl::UnavailableError("away")));
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(
      saga.Run(),
      StatusIs(
          Code::kNotFound,
          "step \"pay\" of saga 7 failed: no card; "
          "\"reserve\" is not compensated: UNAVAILABLE: away"));
  EXPECT_THAT(ran_, ElementsAre("reserve", "pay", "release", "release"));
  EXPECT_EQ(LogOf(saga).back(), "reserve: compensation failed: UNAVAILABLE: away");
}

TEST_F(SagaTest, NotWhenItWasRefused) {
  Saga saga;
  saga.Step("reserve", Answers("reserve"), Answers("release", absl::NotFoundError("it is sold")));
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(saga.Run(), StatusIs(Code::kNotFound, HasSubstr("NOT_FOUND: it is sold")));
  EXPECT_THAT(ran_, ElementsAre("reserve", "pay", "release"));
}

TEST_F(SagaTest, AfterACompensationThatFailedTheOthersGoOn) {
  Saga saga;
  AddStep(saga, "reserve");
  saga.Step("pack", Answers("pack"), Answers("unpack", absl::OutOfRangeError("too late")));
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(saga.Run(), StatusIs(Code::kNotFound, HasSubstr("\"pack\" is not compensated")));
  EXPECT_THAT(ran_, ElementsAre("reserve", "pack", "pay", "unpack", "undo reserve"));
}

TEST_F(SagaTest, OrStop) {
  Saga saga({.after_failed_compensation = AfterFailedCompensation::kStop});
  AddStep(saga, "reserve");
  saga.Step("pack", Answers("pack"), Answers("unpack", absl::OutOfRangeError("too late")));
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(
      saga.Run(),
      StatusIs(
          Code::kNotFound,
          AllOf(
              HasSubstr("\"pack\" is not compensated: OUT_OF_RANGE: too late"),
              HasSubstr("\"reserve\" is not compensated: ABORTED: "))));
  EXPECT_THAT(ran_, ElementsAre("reserve", "pack", "pay", "unpack"));
  EXPECT_THAT(LogOf(saga).back(), HasSubstr("reserve: not compensated: ABORTED"));
}

TEST_F(SagaTest, WhatIsThrownMayHaveRun) {
  Saga saga;
  auto thrown = [](const CallOptions&) -> absl::Status { throw std::runtime_error("no wire"); };
  auto thrown_later = [](const CallOptions&) -> Task<absl::Status> {
    throw 7;
    co_return absl::OkStatus();
  };
  saga.Step("pay", thrown, thrown_later);
  EXPECT_THAT(
      saga.Run(),
      StatusIs(
          Code::kInternal,
          AllOf(
              HasSubstr("failed: it threw: no wire"),
              HasSubstr("\"pay\" is not compensated: INTERNAL: it threw"))));
}

TEST_F(SagaTest, EventsAreToldBeforeAnythingElseBegins) {
  Saga saga({.on_event = [this](const SagaEvent& event) { ran_.push_back(event.ToString()); }});
  AddStep(saga, "reserve");
  AddStep(saga, "pay", absl::NotFoundError("no card"));
  EXPECT_THAT(saga.Run(), StatusIs(Code::kNotFound, HasSubstr("pay")));
  EXPECT_THAT(
      ran_,
      ElementsAre(
          "reserve",
          "reserve: ran",
          "pay",
          "pay: failed: NOT_FOUND: no card",
          "undo reserve",
          "reserve: compensated"));
}

TEST_F(SagaTest, ItRunsOnce) {
  Saga saga({.id = "7"});
  AddStep(saga, "reserve");
  EXPECT_THAT(saga.Run(), IsOk());
  EXPECT_THAT(saga.Run(), StatusIs(Code::kFailedPrecondition, "saga 7 has run before"));
  EXPECT_THAT(ran_, ElementsAre("reserve"));
}

TEST_F(SagaTest, NoTriesAtAllIsAWrongOption) {
  Saga saga({.compensation_attempts = 0});
  AddStep(saga, "reserve");
  EXPECT_THAT(saga.Run(), StatusIs(Code::kInvalidArgument, HasSubstr("attempts is 0")));
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(SagaTest, AnIdIsMadeUpWhereNoneIsGiven) {
  Saga saga;
  EXPECT_THAT(saga.id(), MatchesRegex("[0-9a-f]{16}"));
  EXPECT_NE(saga.id(), Saga().id());
}

}  // namespace
}  // namespace mqrpc::tests

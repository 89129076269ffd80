// Who is there, in real time, over every medium.

#include "mqrpc/directory.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media.h"
#include "status_matchers.h"
#include "support/events.h"
#include "topics.mqrpc.pb.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Code = absl::StatusCode;

using DirectoryTest = MediumTest;

INSTANTIATE_TEST_SUITE_P(
    Media,
    DirectoryTest,
    ::testing::Values(Medium::kInProcess, Medium::kTcp, Medium::kUnixSocket),
    [](const auto& info) { return NameOf(info.param); });

struct NoValve final : Valve::Service {};

std::vector<std::string> ClientIdsOf(const absl::StatusOr<std::vector<ServerPresence>>& servers) {
  std::vector<std::string> ids;
  EXPECT_THAT(servers, IsOk());
  if (!servers.ok()) return ids;
  for (const ServerPresence& server : *servers) ids.push_back(server.client_id);
  return ids;
}

TEST_P(DirectoryTest, KnowsWhoWasThereBefore) {
  FakeEcho echo, other_echo;
  NoValve valve;
  RunningServer one(
      Connect("one"),
      echo,
      {.prefixes = {"a", "b"}, .group = "g", .instances = {"boiler-7"}});
  RunningServer two(Connect("two"), other_echo);
  RunningServer three(Connect("three"), valve);
  RunningServer silent(Connect("silent"), valve, {.announces = false});
  Directory directory(Connect("client"));

  EXPECT_THAT(ClientIdsOf(directory.Discover<Echo>()), ElementsAre("one", "two"));
  EXPECT_THAT(ClientIdsOf(directory.Discover<Valve>()), ElementsAre("three"));
  EXPECT_THAT(ClientIdsOf(directory.Discover<Health>()), IsEmpty());
  EXPECT_THAT(ClientIdsOf(directory.Find("")), SizeIs(3));

  ServerPresence first = directory.Discover<Echo>()->front();
  EXPECT_NE(first.incarnation, 0u);
  EXPECT_EQ(first.group, "g");
  EXPECT_THAT(first.prefixes, ElementsAre("a", "b"));
  EXPECT_THAT(first.services, ElementsAre("mqrpc.tests.Echo"));
  EXPECT_THAT(first.instances, ElementsAre("boiler-7"));
}

TEST_P(DirectoryTest, ServersOfOneConnectionAreApart) {
  FakeEcho echo;
  NoValve valve;
  Transport& connection = Connect("both");
  RunningServer one(connection, echo);
  Directory directory(Connect("client"));
  {
    RunningServer two(connection, valve);
    Directory later(Connect("later"));
    EXPECT_THAT(ClientIdsOf(later.Find("")), ElementsAre("both", "both"));
  }
  Directory latest(Connect("latest"));
  EXPECT_THAT(ClientIdsOf(latest.Find("")), ElementsAre("both"));
}

TEST_P(DirectoryTest, TwoOnOneConnectionKnowTheSame) {
  FakeEcho echo;
  RunningServer server(Connect("server"), echo);
  Transport& connection = Connect("client");
  Directory one(connection);
  EXPECT_THAT(ClientIdsOf(one.Find("")), ElementsAre("server"));
  Directory two(connection);
  EXPECT_THAT(ClientIdsOf(two.Find("")), ElementsAre("server"));
}

TEST_P(DirectoryTest, TellsOfChanges) {
  using Change = std::pair<std::string, bool>;
  Events events;
  EventLog<Change> changes(events);
  Directory directory(
      Connect("client"),
      {.on_change = [&changes](const ServerPresence& server, bool is_there) {
        changes.Add({server.client_id, is_there});
      }});
  EXPECT_THAT(ClientIdsOf(directory.Find("")), IsEmpty());
  FakeEcho echo;
  {
    RunningServer server(Connect("server"), echo);
    EXPECT_TRUE(events.WaitUntil([&] { return changes.Size() == 1; }));
  }
  EXPECT_TRUE(events.WaitUntil([&] { return changes.Size() == 2; }));
  EXPECT_THAT(changes.Items(), ElementsAre(Change("server", true), Change("server", false)));
  EXPECT_THAT(ClientIdsOf(directory.Find("")), IsEmpty());
}

TEST_P(DirectoryTest, WhatCannotBeReadIsNobody) {
  Transport& stranger = Connect("stranger");
  stranger.loop().Post([&stranger] {
    Message wrong = {.topic = "mqrpc/presence/stranger", .payload = "{\"servers\": 7}"};
    wrong.retain = true;
    stranger.Publish([wrong] { return wrong; }, [](const auto&) {});
  });
  FakeEcho echo;
  RunningServer server(Connect("server"), echo);
  Directory directory(Connect("client"), {.max_connections = 1});
  EXPECT_THAT(ClientIdsOf(directory.Find("")), ElementsAre("server"));
}

TEST_P(DirectoryTest, SaysWhatIsWrong) {
  Directory directory(Connect("client"), {.prefix = "a/#"});
  EXPECT_THAT(
      directory.Find(""),
      StatusIs(Code::kInvalidArgument, HasSubstr("DirectoryOptions::prefix")));
}

}  // namespace
}  // namespace mqrpc::tests

#include "mqrpc/testing/local_broker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/mosquitto_transport.h"

namespace mqrpc::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

bool Accepts(const std::string& address) {
  return ConnectMosquitto({.broker = address, .log = [](LogLevel, std::string_view) {}}).ok();
}

TEST(LocalBroker, AcceptsConnectionsOnBothAddresses) {
  auto broker = LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  EXPECT_EQ((*broker)->address(), "mqtt://127.0.0.1:" + std::to_string((*broker)->port()));
  EXPECT_EQ((*broker)->unix_address(), "unix://" + (*broker)->socket_path());
  EXPECT_GT((*broker)->pid(), 0);
  EXPECT_TRUE(Accepts((*broker)->address()));
  EXPECT_TRUE(Accepts((*broker)->unix_address()));
  EXPECT_THAT((*broker)->Log(), HasSubstr("running"));
}

TEST(LocalBroker, LeavesNothingBehind) {
  std::filesystem::path folder;
  pid_t pid;
  {
    auto broker = LocalBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    folder = std::filesystem::path((*broker)->socket_path()).parent_path();
    pid = (*broker)->pid();
    EXPECT_TRUE(std::filesystem::exists(folder));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(LocalBroker, SeveralAtOnce) {
  std::vector<std::unique_ptr<LocalBroker>> brokers;
  std::set<int> ports;
  for (int i = 0; i < 5; ++i) {
    auto broker = LocalBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    ports.insert((*broker)->port());
    brokers.push_back(*std::move(broker));
  }
  EXPECT_EQ(ports.size(), 5u);
}

TEST(LocalBroker, RestartsAtTheSameAddress) {
  auto broker = LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  std::string address = (*broker)->address();
  for (bool killed : {true, false}) {
    killed ? (*broker)->Kill() : (*broker)->Stop();
    EXPECT_EQ((*broker)->pid(), 0);
    EXPECT_FALSE(Accepts(address));
    absl::Status restarted = (*broker)->Restart();
    ASSERT_TRUE(restarted.ok()) << restarted;
    EXPECT_EQ((*broker)->address(), address);
    EXPECT_TRUE(Accepts(address));
    EXPECT_TRUE(Accepts((*broker)->unix_address()));
  }
  pid_t before = (*broker)->pid();
  ASSERT_TRUE((*broker)->Restart().ok()) << "also while it runs";
  EXPECT_NE((*broker)->pid(), before);
}

TEST(LocalBroker, ItsPortIsKeptWhileItIsStopped) {
  auto broker = LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  (*broker)->Stop();
  for (int i = 0; i < 20; ++i) {
    auto other = LocalBroker::Start();
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_NE((*other)->port(), (*broker)->port());
  }
  EXPECT_TRUE((*broker)->Restart().ok());
}

TEST(LocalBroker, TakesFurtherConfiguration) {
  auto broker = LocalBroker::Start({.extra_config = "max_inflight_messages 7\nlog_type all"});
  ASSERT_TRUE(broker.ok()) << broker.status();
  EXPECT_TRUE(Accepts((*broker)->address()));
  EXPECT_THAT((*broker)->Log(), HasSubstr("CONNACK")) << "which only log_type all shows";
}

TEST(LocalBroker, BadConfigurationIsReportedInTheBrokersWords) {
  auto broker = LocalBroker::Start({.extra_config = "no_such_setting 1"});
  ASSERT_EQ(broker.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(broker.status().message()), HasSubstr("no_such_setting"));
}

TEST(LocalBroker, MissingProgramNamesThePackage) {
  absl::Status given = LocalBroker::Start({.program = "/nowhere/mosquitto"}).status();
  EXPECT_EQ(given.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(
      std::string(given.message()),
      AllOf(HasSubstr("/nowhere/mosquitto"), HasSubstr("package `mosquitto`")));
}

TEST(LocalBroker, ProgramThatIsNoneIsReported) {
  std::string path = ::testing::TempDir() + "/no-mosquitto";
  std::ofstream(path) << "not a program";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  absl::Status status = LocalBroker::Start({.program = path}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Exec format error"));
  std::filesystem::remove(path);
}

TEST(LocalBroker, EndsWithTheThreadThatStartedIt) {
  absl::StatusOr<std::unique_ptr<LocalBroker>> broker;
  std::thread([&broker] { broker = LocalBroker::Start(); }).join();
  ASSERT_TRUE(broker.ok()) << broker.status();
  // The kernel has sent the signal by now; its end is all that there is to wait for.
  siginfo_t info = {};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>((*broker)->pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(info.si_status, SIGKILL);
}

TEST(LocalBroker, UsesTheTemporaryFolderThatIsSet) {
  std::string folder = ::testing::TempDir();
  setenv("TMPDIR", folder.c_str(), /*overwrite=*/1);
  auto broker = LocalBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  EXPECT_THAT((*broker)->socket_path(), StartsWith(folder));
  setenv("TMPDIR", ("/" + std::string(200, 'x')).c_str(), /*overwrite=*/1);
  auto fallback = LocalBroker::Start();
  ASSERT_TRUE(fallback.ok()) << fallback.status();
  EXPECT_THAT((*fallback)->socket_path(), StartsWith("/tmp/"));
  unsetenv("TMPDIR");
}

}  // namespace
}  // namespace mqrpc::testing

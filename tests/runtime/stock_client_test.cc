// Calls from the command line of Mosquitto, which knows nothing of mqrpc.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fake_echo.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "mqrpc/mosquitto_transport.h"
#include "mqrpc/status.pb.h"
#include "mqrpc/testing/local_broker.h"
#include "status_matchers.h"
#include "support/events.h"

extern char** environ;

namespace mqrpc::tests {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr const char* kTopic = "mqrpc/services/mqrpc.tests.Echo/Say";

bool IsOnPath(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const auto& folder : absl::StrSplit(path != nullptr ? path : "", ':')) {
    if (access(absl::StrCat(folder, "/", program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(bytes).str();
}

class StockClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"mosquitto_rr", "mosquitto_pub"}) {
      ASSERT_TRUE(IsOnPath(program))
          << "there is no program " << program << "; install the package mosquitto-clients";
    }
    auto broker = testing::LocalBroker::Start();
    ASSERT_THAT(broker, IsOk());
    broker_ = *std::move(broker);
    auto transport = ConnectMosquitto({.broker = broker_->address()});
    ASSERT_THAT(transport, IsOk());
    transport_ = *std::move(transport);
    service_.say = [this](ServerContext& context, const Text& request) {
      runs_.Add(absl::StrCat(request.text(), context.wants_reply() ? "" : ", no reply wanted"));
      return absl::StatusOr<Text>(request);
    };
    server_ = std::make_unique<RunningServer>(*transport_, service_);
    folder_ = ::testing::TempDir() + absl::StrCat("mqrpc-stock-client-", getpid());
    std::filesystem::create_directory(folder_);
  }

  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // The arguments with which either program publishes to the service.
  std::vector<std::string> Arguments(const std::string& program) {
    std::string port = absl::StrCat(broker_->port());
    return {program, "-h", "127.0.0.1", "-p", port, "-V", "mqttv5", "-q", "1", "-t", kTopic};
  }

  std::vector<std::string> Publish(const std::string& payload) {
    std::string request = folder_ + "/request.bin";
    std::ofstream(request, std::ios::binary) << payload;
    std::vector<std::string> arguments = Arguments("mosquitto_pub");
    arguments.insert(arguments.end(), {"-f", request});
    return arguments;
  }

  // Which waits for the reply and prints it as it came. The payload has no zeros: an argument
  // cannot hold them, and mosquitto_rr 2.0.11 sends nothing of what is in a file.
  std::vector<std::string> Ask(const std::string& payload) {
    std::vector<std::string> arguments = Arguments("mosquitto_rr");
    arguments.insert(arguments.end(), {"-e", "some/reply", "-N", "-W", "30"});
    if (payload.empty()) {
      arguments.push_back("-n");
    } else {
      arguments.insert(arguments.end(), {"-m", payload});
    }
    return arguments;
  }

  // What the program prints. The test fails if the program does.
  std::string Run(std::vector<std::string> arguments) {
    std::string output = folder_ + "/output.bin";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(
        &actions,
        STDOUT_FILENO,
        output.c_str(),
        O_WRONLY | O_CREAT | O_TRUNC,
        0600);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_t child = 0;
    EXPECT_EQ(posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << arguments[0];
    return ReadFile(output);
  }

  std::unique_ptr<testing::LocalBroker> broker_;
  std::unique_ptr<Transport> transport_;
  Events events_;
  EventLog<std::string> runs_{events_};
  FakeEcho service_;
  std::unique_ptr<RunningServer> server_;
  std::string folder_;
};

TEST_F(StockClientTest, GetsTheBytesOfTheReply) {
  std::string payload = MakeText("hello from the command line").SerializeAsString();
  EXPECT_EQ(Run(Ask(payload)), payload);
}

TEST_F(StockClientTest, MayCallAgainAndAgain) {
  for (const char* text : {"one", "", "three"}) {
    std::string payload = MakeText(text).SerializeAsString();
    EXPECT_EQ(Run(Ask(payload)), payload);
  }
}

TEST_F(StockClientTest, GetsItsCorrelationDataBack) {
  std::vector<std::string> arguments = Ask(MakeText("hello").SerializeAsString());
  arguments.insert(
      arguments.end(),
      {"-D", "PUBLISH", "correlation-data", "any words", "-F", "%D|%t|%r"});
  EXPECT_EQ(Run(std::move(arguments)), "any words|some/reply|0");
}

TEST_F(StockClientTest, WithoutAResponseTopicTheCallRunsAndIsNotAnswered) {
  Run(Publish(MakeText("fire and forget").SerializeAsString()));
  // What comes after it is answered after it.
  Run(Ask(MakeText("ask").SerializeAsString()));

  ASSERT_TRUE(events_.WaitUntil([this] { return runs_.Size() == 2; }));
  EXPECT_THAT(runs_.Items(), UnorderedElementsAre("fire and forget, no reply wanted", "ask"));
  EXPECT_EQ((*server_)->stats().calls_answered, 1u);
}

TEST_F(StockClientTest, GetsTheEnvelopeForBytesThatDoNotParse) {
  mqrpc::Status envelope;
  ASSERT_TRUE(envelope.ParseFromString(Run(Ask("\xff\xff"))));

  EXPECT_EQ(envelope.code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(envelope.message(), HasSubstr("2 bytes that do not parse as mqrpc.tests.Text"));
  EXPECT_EQ(runs_.Size(), 0u);
}

TEST_F(StockClientTest, SeesTheStatusAsAProperty) {
  std::vector<std::string> arguments = Ask("\xff\xff");
  arguments.insert(arguments.end(), {"-F", "%P"});
  EXPECT_EQ(Run(std::move(arguments)), "mqrpc-status:3");
}

TEST_F(StockClientTest, MaySayHowLongItWaits) {
  std::vector<std::string> arguments = Ask(MakeText("hello").SerializeAsString());
  arguments.insert(
      arguments.end(),
      {"-D",
       "PUBLISH",
       "message-expiry-interval",
       "30",
       "-D",
       "PUBLISH",
       "user-property",
       "mqrpc-timeout",
       "1500",
       "-F",
       "%E"});
  EXPECT_EQ(Run(std::move(arguments)), "2");
}

TEST_F(StockClientTest, ARetainedRequestRunsNeitherNowNorAtTheNextStart) {
  std::vector<std::string> arguments = Publish(MakeText("retained").SerializeAsString());
  arguments.push_back("-r");
  Run(std::move(arguments));
  Run(Ask(MakeText("one").SerializeAsString()));
  EXPECT_EQ((*server_)->stats().retained_requests, 1u);

  (*server_)->Shutdown();
  RunningServer again(*transport_, service_);
  Run(Ask(MakeText("two").SerializeAsString()));

  EXPECT_EQ(again->stats().calls_received, 1u);
  EXPECT_EQ(runs_.Items(), (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace mqrpc::tests

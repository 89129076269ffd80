// Response Information (MQTT 5 sections 3.1.2.11.6 and 3.2.2.3.15), which Mosquitto never sends: so
// the broker here is a listener that answers CONNECTs by hand.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "listener.h"
#include "mqrpc/in_process_transport.h"
#include "mqrpc/mosquitto_transport.h"
#include "run_in_loop.h"
#include "status_matchers.h"
#include "support/events.h"

namespace mqrpc::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

// Request Response Information = 1.
const std::string kRequest = "\x19\x01";

// CONNACK, accepted, without properties; and with Response Information "tenants/7".
const std::string kPlain("\x20\x03\x00\x00\x00", 5);
const std::string kInformed = std::string("\x20\x0f\x00\x00\x0c\x1a\x00\x09", 8) + "tenants/7";

// The properties of a CONNECT (section 3.1.2.11), of which there are few.
std::string PropertiesOf(const std::string& connect) {
  constexpr size_t kHeader = 12;  // fixed header, protocol name and level, flags, keep alive
  if (connect.size() <= kHeader) return "not a CONNECT";
  return connect.substr(kHeader + 1, static_cast<unsigned char>(connect[kHeader]));
}

std::optional<std::string> InformationOf(Transport& transport) {
  std::optional<std::string> information;
  internal::RunInLoop(transport.loop(), [&] { information = transport.response_information(); });
  return information;
}

// A broker that answers so many CONNECTs and hangs up after each; what they asked.
class HandBroker {
 public:
  explicit HandBroker(std::vector<std::string> answers)
      : thread_([this, answers = std::move(answers)] {
          for (const std::string& answer : answers) {
            asked_.push_back(PropertiesOf(listener_.AnswerOnce(answer)));
          }
        }) {}
  ~HandBroker() {
    if (thread_.joinable()) thread_.join();
  }

  std::string address() const { return listener_.address(); }

  std::vector<std::string> Asked() {
    thread_.join();
    return asked_;
  }

 private:
  Listener listener_;
  std::vector<std::string> asked_;  // of the thread, until it ends
  std::thread thread_;
};

class ResponseInformationTest : public ::testing::Test {
 protected:
  std::unique_ptr<Transport> Connect(const HandBroker& broker, bool request) {
    auto transport = ConnectMosquitto(
        {.broker = broker.address(),
         .min_backoff = absl::Milliseconds(1),
         .request_response_information = request,
         .on_connection = [this](const absl::Status& state) { states_.Add(Unshared(state)); },
         .log = [](LogLevel, std::string_view) {}});
    EXPECT_THAT(transport, IsOk());
    return transport.ok() ? *std::move(transport) : nullptr;
  }

  Events events_;
  EventLog<absl::Status> states_{events_};
};

TEST_F(ResponseInformationTest, IsAskedForAndGiven) {
  HandBroker broker({kInformed});
  auto transport = Connect(broker, /*request=*/true);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(InformationOf(*transport), Optional(std::string("tenants/7")));
  EXPECT_THAT(broker.Asked(), ElementsAre(HasSubstr(kRequest)));
}

TEST_F(ResponseInformationTest, NeedNotBeGiven) {
  HandBroker broker({kPlain});
  auto transport = Connect(broker, /*request=*/true);
  ASSERT_NE(transport, nullptr);
  EXPECT_EQ(InformationOf(*transport), std::nullopt);
}

TEST_F(ResponseInformationTest, IsNotAskedForUnlessWanted) {
  HandBroker broker({kPlain});
  auto transport = Connect(broker, /*request=*/false);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(broker.Asked(), ElementsAre(Not(HasSubstr(kRequest.substr(0, 1)))));
}

TEST_F(ResponseInformationTest, IsThatOfTheLastConnack) {
  HandBroker broker({kInformed, kPlain});
  auto transport = Connect(broker, /*request=*/true);
  ASSERT_NE(transport, nullptr);
  EXPECT_THAT(broker.Asked(), ElementsAre(HasSubstr(kRequest), HasSubstr(kRequest)));
  ASSERT_TRUE(events_.WaitUntil([&] { return states_.Size() >= 3; }));
  EXPECT_THAT(states_.Items()[2], IsOk());
  EXPECT_EQ(InformationOf(*transport), std::nullopt);
}

TEST(NoResponseInformationTest, IsNoneInTheProcess) {
  InProcessBroker broker;
  auto transport = broker.Connect("me");
  ASSERT_THAT(transport, IsOk());
  EXPECT_EQ(InformationOf(**transport), std::nullopt);
}

}  // namespace
}  // namespace mqrpc::tests

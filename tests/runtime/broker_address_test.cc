#include "broker_address.h"

#include <ostream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "status_matchers.h"

namespace mqrpc::internal {
namespace {

using ::mqrpc::tests::IsOk;
using ::mqrpc::tests::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Right {
  std::string text;
  std::string host;
  int port;
};

void PrintTo(const Right& right, std::ostream* out) { *out << right.text; }

class RightAddressTest : public ::testing::TestWithParam<Right> {};

TEST_P(RightAddressTest, IsTaken) {
  absl::StatusOr<BrokerAddress> address = BrokerAddress::Parse(GetParam().text);

  ASSERT_THAT(address, IsOk());
  EXPECT_EQ(address->host, GetParam().host);
  EXPECT_EQ(address->port, GetParam().port);
}

const std::string kLongestPath = "/" + std::string(106, 'x');

INSTANTIATE_TEST_SUITE_P(
    All,
    RightAddressTest,
    ::testing::Values(
        Right{"mqtt://localhost", "localhost", 1883},
        Right{"mqtt://localhost:1", "localhost", 1},
        Right{"mqtt://10.0.0.1:65535", "10.0.0.1", 65535},
        Right{"mqtt://[::1]", "::1", 1883},
        Right{"mqtt://[fe80::1%eth0]:1884", "fe80::1%eth0", 1884},
        Right{"unix:///run/mosquitto.sock", "/run/mosquitto.sock", 0},
        Right{"unix:///a b:c", "/a b:c", 0},
        Right{"unix://" + kLongestPath, kLongestPath, 0}));

struct Wrong {
  std::string text;
  std::string says;
};

void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.text; }

class WrongAddressTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongAddressTest, IsRefusedSayingWhyAndWhatWouldBeRight) {
  EXPECT_THAT(
      BrokerAddress::Parse(GetParam().text),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          AllOf(HasSubstr(GetParam().says), HasSubstr("mqtt://host:1883"), HasSubstr("unix:///"))));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    WrongAddressTest,
    ::testing::Values(
        Wrong{"", "empty"},
        Wrong{"localhost", "scheme"},
        Wrong{"localhost:1883", "scheme"},
        Wrong{"tcp://localhost", "scheme"},
        Wrong{"MQTT://localhost", "scheme"},
        Wrong{" mqtt://localhost", "scheme"},
        Wrong{"mqtts://localhost", "TLS is not supported yet"},
        Wrong{"mqtt://", "no host"},
        Wrong{"mqtt://:1883", "no host"},
        Wrong{"mqtt://[]:1883", "no host"},
        Wrong{"mqtt://[::1", "[ without its ]"},
        Wrong{"mqtt://[::1]1883", "may follow the ]"},
        Wrong{"mqtt://[::1]x", "may follow the ]"},
        Wrong{"mqtt://::1", "no host"},
        Wrong{"mqtt://fe80::1:1883", "brackets"},
        Wrong{"mqtt://localhost:", "1 to 65535"},
        Wrong{"mqtt://localhost:0", "1 to 65535"},
        Wrong{"mqtt://localhost:65536", "1 to 65535"},
        Wrong{"mqtt://localhost:-1", "1 to 65535"},
        Wrong{"mqtt://localhost:+1", "1 to 65535"},
        Wrong{"mqtt://localhost: 1", "1 to 65535"},
        Wrong{"mqtt://localhost:mqtt", "1 to 65535"},
        Wrong{"mqtt://localhost:1883/", "1 to 65535"},
        Wrong{"mqtt://localhost/path", "host and a port"},
        Wrong{"mqtt://user@localhost", "host and a port"},
        Wrong{"mqtt://local host", "host and a port"},
        Wrong{std::string("mqtt://local\0host", 17), "NUL"},
        Wrong{std::string("unix:///a\0b", 11), "NUL"},
        Wrong{"unix://", "begin with /"},
        Wrong{"unix://relative", "begin with /"},
        Wrong{"unix://" + kLongestPath + "x", "107 bytes"}));

TEST(BrokerAddressListTest, OneIsAListToo) {
  auto addresses = BrokerAddress::ParseList("mqtt://localhost:1");
  ASSERT_THAT(addresses, IsOk());
  ASSERT_EQ(addresses->size(), 1u);
  EXPECT_EQ((*addresses)[0].text, "mqtt://localhost:1");
}

TEST(BrokerAddressListTest, TheOrderIsKept) {
  auto addresses = BrokerAddress::ParseList("mqtt://[::1],unix:///run/b.sock,mqtt://c:2");
  ASSERT_THAT(addresses, IsOk());
  ASSERT_EQ(addresses->size(), 3u);
  EXPECT_EQ((*addresses)[0].host, "::1");
  EXPECT_EQ((*addresses)[1].text, "unix:///run/b.sock");
  EXPECT_EQ((*addresses)[1].host, "/run/b.sock");
  EXPECT_EQ((*addresses)[2].port, 2);
}

TEST(BrokerAddressListTest, WhatIsWrongIsNamed) {
  auto is_wrong = [](const std::string& part) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(part));
  };
  EXPECT_THAT(BrokerAddress::ParseList(""), is_wrong("empty"));
  EXPECT_THAT(BrokerAddress::ParseList(","), is_wrong("number 1 of it is empty"));
  EXPECT_THAT(BrokerAddress::ParseList("mqtt://a,"), is_wrong("number 2 of it is empty"));
  EXPECT_THAT(BrokerAddress::ParseList("mqtt://a,,mqtt://b"), is_wrong("number 2 of it is empty"));
  EXPECT_THAT(BrokerAddress::ParseList("mqtt://a,b"), is_wrong("\"b\""));
  EXPECT_THAT(BrokerAddress::ParseList("mqtt://a, mqtt://b"), is_wrong("\" mqtt://b\""));
}

TEST(BrokerAddressTest, AMessageShowsControlCharactersEscaped) {
  EXPECT_THAT(
      BrokerAddress::Parse("a\nb"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"a\\nb\"")));
}

}  // namespace
}  // namespace mqrpc::internal

#include "routes.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace mqrpc::internal {
namespace {

TEST(RoutesTest, AMethodHasOneForEachInstanceAndQoS) {
  Routes routes("mqrpc", 10);
  auto any = routes.Find({.service = "acme.Valve", .method = "Open"});
  auto named = routes.Find({.service = "acme.Valve", .method = "Open", .instance = "boiler-7"});
  auto other = routes.Find({"acme.Valve", "Open", "", "", QoS::kExactlyOnce});

  EXPECT_EQ(any->topic, "mqrpc/services/acme.Valve/Open");
  EXPECT_EQ(named->topic, "mqrpc/instances/boiler-7/acme.Valve/Open");
  EXPECT_NE(any, other);
  EXPECT_EQ(any->service, other->service) << "one window for a service";
  EXPECT_NE(any->service, named->service) << "but not for what is called by name";
  EXPECT_EQ(routes.Find({.service = "acme.Valve", .method = "Open"}), any);
}

TEST(RoutesTest, OfManyThoseThatAreInUseAreKept) {
  Routes routes("mqrpc", 10);
  auto used = routes.Find({.service = "acme.Valve", .method = "Open", .instance = "in use"});
  for (int i = 0; i < 10'000; ++i) {
    std::string name = std::to_string(i);
    routes.Find({.service = "acme.Valve", .method = "Open", .instance = name});
    EXPECT_LE(routes.size(), 1'000u);
  }
  EXPECT_EQ(routes.Find({.service = "acme.Valve", .method = "Open", .instance = "in use"}), used);
}

}  // namespace
}  // namespace mqrpc::internal

#include "nats_broker.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace mqrpc::bench {
namespace {

constexpr char kProgram[] = "/usr/sbin/nats-server";
constexpr absl::Duration kStartupTime = absl::Seconds(20);

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// In the file in which the server says where it listens.
std::string AddressIn(const std::string& text) {
  size_t begin = text.find("nats://");
  size_t end = text.find('"', begin);
  if (begin == std::string::npos || end == std::string::npos) return "";
  return text.substr(begin, end - begin);
}

}  // namespace

absl::StatusOr<std::unique_ptr<NatsBroker>> NatsBroker::Start() {
  std::string folder = "/tmp/mqrpc-nats-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mkdtemp ", folder));
  }
  std::unique_ptr<NatsBroker> broker(new NatsBroker(folder));
  if (absl::Status status = broker->Run(); !status.ok()) return status;
  return broker;
}

absl::Status NatsBroker::Run() {
  std::string config = absl::StrCat(folder_, "/nats.conf");
  std::string log = absl::StrCat(folder_, "/nats.log");
  // The default of 1 MB is less than a payload of 1 MiB.
  std::ofstream(config) << "listen: \"127.0.0.1:-1\"\nmax_payload: 8MB\nports_file_dir: \""
                        << folder_ << "\"\n";
  absl::StatusOr<testing::ChildProcess> started =
      testing::ChildProcess::Start({kProgram, "-c", config}, log);
  if (!started.ok()) return started.status();
  process_ = *std::move(started);
  std::string ports = absl::StrCat(folder_, "/nats-server_", process_.pid(), ".ports");
  absl::Time end = absl::Now() + kStartupTime;
  while ((address_ = AddressIn(ReadFile(ports))).empty()) {
    if (!process_.IsRunning() || absl::Now() > end) {
      return absl::InternalError(absl::StrCat(kProgram, " does not start:\n", ReadFile(log)));
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  return absl::OkStatus();
}

NatsBroker::~NatsBroker() {
  process_.Stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace mqrpc::bench

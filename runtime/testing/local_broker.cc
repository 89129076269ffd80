#include "mqrpc/testing/local_broker.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "child_process.h"
#include "local_address.h"

namespace mqrpc::testing {
namespace {

constexpr absl::Duration kStartupTime = absl::Seconds(20);
constexpr int kStartAttempts = 5;

bool IsProgram(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

absl::StatusOr<std::string> FindMosquitto(const std::string& program) {
  constexpr const char* kInstall = "; install the package `mosquitto` (apt-get install mosquitto)";
  if (!program.empty()) {
    if (IsProgram(program)) return program;
    return absl::NotFoundError(
        absl::StrCat("LocalBrokerOptions::program ", program, " is no program", kInstall));
  }
  const char* path = getenv("PATH");
  std::vector<std::string> folders = absl::StrSplit(path != nullptr ? path : "", ':');
  folders.insert(folders.end(), {"/usr/sbin", "/usr/local/sbin"});
  for (const std::string& folder : folders) {
    std::string candidate = absl::StrCat(folder, "/mosquitto");
    if (!folder.empty() && IsProgram(candidate)) return candidate;
  }
  return absl::NotFoundError(absl::StrCat(
      "there is no program `mosquitto` on PATH, in /usr/sbin or /usr/local/sbin",
      kInstall));
}

// In $TMPDIR, unless a unix socket in there would have too long a name.
absl::StatusOr<std::string> MakeFolder() {
  const char* temp = getenv("TMPDIR");
  std::string pattern = absl::StrCat(temp != nullptr ? temp : "/tmp", "/mqrpc-broker-XXXXXX");
  if (!FitsUnixPath(pattern + "/mosquitto.sock")) pattern = "/tmp/mqrpc-broker-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mkdtemp ", pattern));
  }
  return pattern;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

struct LocalBroker::State {
  ~State();

  absl::Status MoveToFreePort();
  absl::Status WriteConfig() const;
  absl::Status Run();
  std::string Path(const char* name) const { return absl::StrCat(folder, "/", name); }

  LocalBrokerOptions options = {};
  std::string program = {};
  std::string folder = {};
  std::string address = {};
  std::string unix_address = {};
  std::string socket_path = {};
  ReservedPort port = {};
  ChildProcess process = {};
};

LocalBroker::State::~State() {
  process.Stop();
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::remove_all(folder, ignored);
}

absl::Status LocalBroker::State::MoveToFreePort() {
  absl::StatusOr<ReservedPort> free_port = ReservedPort::Take();
  if (!free_port.ok()) return free_port.status();
  port = *std::move(free_port);
  address = absl::StrCat("mqtt://127.0.0.1:", port.port());
  return WriteConfig();
}

absl::Status LocalBroker::State::WriteConfig() const {
  std::ofstream config(Path("mosquitto.conf"));
  // Started by root it would become another user, who cannot enter our folder.
  if (geteuid() == 0) config << "user root\n";
  config << "log_dest stderr\n"
         << "allow_anonymous true\n"
         << "persistence false\n"
         << "listener " << port.port() << " 127.0.0.1\n"
         << "listener 0 " << socket_path << "\n"
         << options.extra_config << "\n";
  config.close();
  if (config.good()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("cannot write ", Path("mosquitto.conf")));
}

absl::Status LocalBroker::State::Run() {
  unlink(socket_path.c_str());
  absl::StatusOr<ChildProcess> started =
      ChildProcess::Start({program, "-c", Path("mosquitto.conf")}, Path("mosquitto.log"));
  if (!started.ok()) return started.status();
  process = *std::move(started);
  absl::Time end = absl::Now() + kStartupTime;
  // The unix socket first: mosquitto opens it last, so that whoever listens at our port, once it is
  // there, is our broker and not another program that took the port before it.
  while (!AcceptsUnix(socket_path) || !AcceptsTcp(port.port())) {
    bool is_running = process.IsRunning();
    if (!is_running || absl::Now() > end) {
      process.Kill();
      return absl::InternalError(absl::StrCat(
          program,
          is_running ? " accepts no connections" : " has ended at once",
          ". Its output:\n",
          ReadFile(Path("mosquitto.log"))));
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<LocalBroker>> LocalBroker::Start(LocalBrokerOptions options) {
  absl::StatusOr<std::string> program = FindMosquitto(options.program);
  if (!program.ok()) return program.status();
  absl::StatusOr<std::string> folder = MakeFolder();
  if (!folder.ok()) return folder.status();
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->program = *std::move(program);
  state->folder = *std::move(folder);
  state->socket_path = state->Path("mosquitto.sock");
  state->unix_address = absl::StrCat("unix://", state->socket_path);
  absl::Status status;
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    status = state->MoveToFreePort();
    if (status.ok()) status = state->Run();
    if (status.ok()) return std::unique_ptr<LocalBroker>(new LocalBroker(std::move(state)));
    // Somebody bound the port that was free a moment ago.
    if (status.ToString().find("in use") == std::string::npos) break;
    unlink(state->Path("mosquitto.log").c_str());
  }
  return status;
}

LocalBroker::LocalBroker(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalBroker::~LocalBroker() = default;

const std::string& LocalBroker::address() const { return state_->address; }
const std::string& LocalBroker::unix_address() const { return state_->unix_address; }
int LocalBroker::port() const { return state_->port.port(); }
const std::string& LocalBroker::socket_path() const { return state_->socket_path; }
pid_t LocalBroker::pid() const { return state_->process.pid(); }
std::string LocalBroker::Log() const { return ReadFile(state_->Path("mosquitto.log")); }
void LocalBroker::Stop() { state_->process.Stop(); }
void LocalBroker::Kill() { state_->process.Kill(); }

absl::Status LocalBroker::Restart() {
  Stop();
  return state_->Run();
}

}  // namespace mqrpc::testing

#include "server_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace mqrpc::bench {
namespace {

constexpr char kThisProgram[] = "/proc/self/exe";

struct Pipe {
  int read = -1;
  int write = -1;
};

absl::StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) == 0) return Pipe{.read = fds[0], .write = fds[1]};
  return absl::InternalError(absl::StrCat("pipe: ", strerror(errno)));
}

absl::StatusOr<pid_t> Spawn(const std::vector<std::string>& arguments, int input, int output) {
  std::vector<char*> argv = {const_cast<char*>("mqrpc_bench")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = 0;
  int error = posix_spawn(&pid, kThisProgram, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return absl::InternalError(absl::StrCat("cannot start the server: ", strerror(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(
    const std::vector<std::string>& arguments) {
  absl::StatusOr<Pipe> input = MakePipe();
  if (!input.ok()) return input.status();
  absl::StatusOr<Pipe> output = MakePipe();
  if (!output.ok()) return output.status();
  absl::StatusOr<pid_t> pid = Spawn(arguments, input->read, output->write);
  close(input->read);
  close(output->write);
  if (!pid.ok()) return pid.status();
  std::unique_ptr<ServerProcess> server(new ServerProcess(*pid, input->write));
  server->ReadAddress(output->read);
  close(output->read);
  if (!server->address_.empty()) return server;
  return absl::InternalError("the server ended before it was ready; it says why above");
}

void ServerProcess::ReadAddress(int output) {
  for (char c; read(output, &c, 1) == 1 && c != '\n';) address_ += c;
}

void ServerProcess::AnnounceReady(const std::string& address) {
  std::string line = address + "\n";
  [[maybe_unused]] ssize_t size = write(STDOUT_FILENO, line.data(), line.size());
}

ServerProcess::~ServerProcess() {
  close(input_);
  waitpid(pid_, nullptr, 0);
}

}  // namespace mqrpc::bench

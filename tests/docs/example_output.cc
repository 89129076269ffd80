// Runs an example (argument 1) with a broker of its own, and looks for what it prints in a page
// (argument 2), where it stands as a block of text.

#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "mqrpc/testing/local_broker.h"

namespace {

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// What it writes to its standard output; false unless it succeeds.
bool RunProgram(const std::string& command, std::string& output) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return false;
  char buffer[4096];
  while (size_t size = fread(buffer, 1, sizeof(buffer), pipe)) output.append(buffer, size);
  int status = pclose(pipe);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int Check(const std::string& program, const std::string& page) {
  auto broker = mqrpc::testing::LocalBroker::Start();
  if (!broker.ok()) {
    std::cerr << broker.status() << "\n";
    return 1;
  }
  std::string output;
  bool succeeds = RunProgram("'" + program + "' --broker '" + (*broker)->address() + "'", output);
  std::cout << output;
  if (!succeeds) {
    std::cerr << program << " failed\n";
    return 1;
  }
  if (ReadFile(page).find("```text\n" + output + "```\n") == std::string::npos) {
    std::cerr << page << " has no block of text with exactly that\n";
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: " << argv[0] << " PROGRAM PAGE\n";
    return 2;
  }
  return Check(argv[1], argv[2]);
}

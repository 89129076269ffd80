#include "stuck_guard.h"

#include <unistd.h>

#include <csignal>
#include <utility>

namespace mqrpc::simulation {
namespace {

constexpr unsigned kSeconds = 20;

std::string words;  // of the one guard that there is

void OnAlarm(int) {
  ssize_t written = write(STDOUT_FILENO, words.data(), words.size());
  _exit(written > 0 ? 1 : 2);
}

}  // namespace

StuckGuard::StuckGuard(std::string last_words) {
  words = std::move(last_words);
  std::signal(SIGALRM, OnAlarm);
  alarm(kSeconds);
}

StuckGuard::~StuckGuard() { alarm(0); }

}  // namespace mqrpc::simulation

// Runs the inputs that are kept, and mutations of them, through the entry point of libFuzzer, but
// without it: with any compiler, and the same each time.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Of the sanitizers, where there are any: they end the program without a signal.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

std::string program;
std::string current;

void KeepInput() {
  std::string kept = program + "-failed";
  std::ofstream(kept, std::ios::binary) << current;
  std::fprintf(stderr, "the input is kept; again: %s %s\n", program.c_str(), kept.c_str());
}

void OnAbort(int signal) {
  KeepInput();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void Run(std::string input) {
  current = std::move(input);
  // A copy of just this size: so that reading beyond its end is noticed.
  std::vector<uint8_t> bytes(current.begin(), current.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

// The file, or all in the folder, in an order that is always the same.
std::vector<std::string> ReadInputs(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {ReadFile(path)};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const auto& file : files) inputs.push_back(ReadFile(file));
  return inputs;
}

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

  std::string Next() {
    std::string input = Seed();
    for (size_t changes = 1 + Below(4); changes > 0; --changes) Change(input);
    return input;
  }

 private:
  size_t Below(size_t end) { return engine_() % end; }
  const std::string& Seed() { return seeds_[Below(seeds_.size())]; }
  char Byte() {
    constexpr std::string_view kTelling("\x00\x01\x0a\x0b\x7f\x80\xff", 7);
    return Below(2) == 0 ? kTelling[Below(kTelling.size())] : static_cast<char>(Below(256));
  }

  void Change(std::string& input) {
    size_t at = Below(input.size() + 1);
    size_t count = 1 + Below(8);
    switch (Below(6)) {
      case 0:
        if (at < input.size()) input[at] ^= static_cast<char>(1 << Below(8));
        break;
      case 1:
        if (at < input.size()) input[at] = Byte();
        break;
      case 2:
        input.insert(at, count, Byte());
        break;
      case 3:
        input.erase(at, count);
        break;
      case 4:
        input.insert(at, input.substr(Below(input.size() + 1), 4 * count));
        break;
      default:
        input = input.substr(0, at) + Seed();
        break;
    }
  }

  const std::vector<std::string> seeds_;
  std::mt19937_64 engine_;  // of its own, fixed seed
};

}  // namespace

int main(int argc, char** argv) {
  program = argv[0];
  std::vector<std::string> arguments(argv + 1, argv + argc);
  int mutations = 0;
  if (arguments.size() == 3 && arguments[0] == "--mutations") {
    mutations = std::atoi(arguments[1].c_str());
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  if (arguments.size() != 1) {
    std::fprintf(stderr, "usage: %s [--mutations N] FILE|FOLDER\n", argv[0]);
    return 2;
  }
  std::signal(SIGABRT, OnAbort);
  std::signal(SIGSEGV, OnAbort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(KeepInput);

  std::vector<std::string> inputs = ReadInputs(arguments[0]);
  for (const std::string& input : inputs) Run(input);
  inputs.emplace_back();
  Mutator mutator(std::move(inputs));
  for (int i = 0; i < mutations; ++i) Run(mutator.Next());
  std::printf("%d mutations\n", mutations);
  return 0;
}

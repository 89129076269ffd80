// Every code block of the pages is an excerpt of something that the tests compile or run.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = MQRPC_SOURCE_DIR;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Block {
  std::string where;
  std::string language;
  std::string text;
};

std::vector<Block> BlocksOf(const fs::path& page) {
  std::vector<Block> blocks;
  std::istringstream lines(ReadFile(page));
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      if (!inside) {
        std::string where = fs::relative(page, kRoot).string() + ":" + std::to_string(number);
        blocks.push_back({where, line.substr(3), ""});
      }
      inside = !inside;
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  EXPECT_FALSE(inside) << page << ": a block that does not end";
  return blocks;
}

std::vector<Block> AllBlocks() {
  std::vector<fs::path> pages = {
      kRoot / "README.md",
      kRoot / "CONTRIBUTING.md",
      kRoot / "bench/README.md"};
  for (const auto& entry : fs::directory_iterator(kRoot / "docs")) pages.push_back(entry.path());
  std::vector<Block> all;
  for (const fs::path& page : pages) {
    if (page.extension() != ".md") continue;
    for (Block& block : BlocksOf(page)) all.push_back(std::move(block));
  }
  return all;
}

// What is compiled and run: the sources of the languages that the pages show.
std::vector<std::string> Sources() {
  const std::set<fs::path> kinds = {".cc", ".h", ".proto", ".txt", ".sh", ".cmake", ".mjs"};
  std::vector<std::string> sources;
  for (const char* folder :
       {"tests/docs", "tests/mqttjs", "tests/outside", "generated-examples", "proto"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      bool counts = entry.is_regular_file() && kinds.count(entry.path().extension()) > 0;
      if (counts) sources.push_back(ReadFile(entry.path()));
    }
  }
  return sources;
}

TEST(SnippetsTest, EveryBlockIsCompiledOrRun) {
  const std::set<std::string> excerpts = {"cpp", "proto", "cmake", "sh", "js"};
  const std::set<std::string> not_code = {"text", "hex"};  // hex: protocol_bytes_test.cc
  std::vector<std::string> sources = Sources();
  int found = 0;
  for (const Block& block : AllBlocks()) {
    if (not_code.count(block.language) > 0) continue;
    ASSERT_EQ(excerpts.count(block.language), 1u)
        << block.where << ": a block of an unknown language \"" << block.language << "\"";
    bool is_excerpt = false;
    for (const std::string& source : sources) {
      is_excerpt = is_excerpt || source.find(block.text) != std::string::npos;
    }
    EXPECT_TRUE(is_excerpt) << block.where << " stands in no tested source:\n" << block.text;
    ++found;
  }
  EXPECT_GT(found, 10);
}

}  // namespace

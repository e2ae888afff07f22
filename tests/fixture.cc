#include "tests/fixture.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace eyechart::testing {
namespace fs = std::filesystem;

std::mt19937& Rng() {
  static std::mt19937 generator(kSeed);
  return generator;
}

TempFolder::TempFolder() {
  std::string pattern =
      (fs::temp_directory_path() / "eyechart-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("mkdtemp failed");
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void WriteText(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace eyechart::testing

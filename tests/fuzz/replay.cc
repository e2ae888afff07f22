// A fuzz target without a fuzzer, for any compiler:
//   X_replay               every seed must be read; damaged ones may be refused
//   X_replay FILES...      reads each, such as a crash that a fuzzer left
//   X_replay --seeds DIR   writes the seeds, for a fuzzer to begin from
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "core/files.h"
#include "tests/fixture.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

// A few bytes changed, doubled, dropped or moved; now and then the end cut off.
std::string Damaged(std::string input, std::mt19937& random) {
  const auto below = [&random](std::size_t n) {
    return static_cast<std::size_t>(random()) % n;
  };
  for (std::size_t i = 0, n = 1 + below(4); i < n && !input.empty(); ++i) {
    const std::size_t at = below(input.size());
    const std::size_t length =
        1 + below(std::min<std::size_t>(16, input.size()));
    switch (below(4)) {
      case 0:
        input[at] = static_cast<char>(random());
        break;
      case 1:
        input.insert(at, input.substr(below(input.size()), length));
        break;
      case 2:
        input.erase(at, length);
        break;
      default:
        input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
    }
  }
  if (below(8) == 0 && !input.empty()) input.resize(below(input.size()));
  return input;
}

int ReplaySeeds() {
  constexpr int kRounds = 1000;
  std::mt19937 random(testing::kSeed);
  const std::vector<std::string> seeds = Seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (Reads(seeds[i])) continue;
    std::fprintf(stderr, "seed %zu is refused\n", i);
    return 1;
  }
  int taken = 0;
  for (int round = 0; round < kRounds; ++round)
    taken += Reads(
        Damaged(seeds[static_cast<std::size_t>(round) % seeds.size()], random));
  std::printf("%zu seeds read, %d of %d damaged ones\n", seeds.size(), taken,
              kRounds);
  return seeds.empty() || taken == kRounds ? 1 : 0;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return ReplaySeeds();
  if (arguments.front() == "--seeds") {
    const std::vector<std::string> seeds = Seeds();
    for (std::size_t i = 0; i < seeds.size(); ++i)
      testing::WriteText(
          std::filesystem::path(arguments.at(1)) / std::to_string(i), seeds[i]);
    return 0;
  }
  for (const std::string& file : arguments)
    std::printf("%s: %s\n", file.c_str(),
                Reads(ReadFile(file)) ? "read" : "refused");
  return 0;
}

}  // namespace
}  // namespace eyechart::fuzz

int main(int argc, char** argv) {
  try {
    return eyechart::fuzz::Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "neither read nor refused: %s\n", error.what());
    return 1;
  }
}

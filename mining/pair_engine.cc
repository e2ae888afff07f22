#include "mining/pair_engine.h"

#include <fmt/ranges.h>

#include <array>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::mining {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<PairEngine> (*make)(const EngineOptions&);
};

// A new engine is one file with a factory and one line here.
constexpr std::array kEngines = {
    Entry{"auto", MakeExactEngine},  // the fastest at every size measured
    Entry{"exact", MakeExactEngine},
    Entry{"faiss-flat", MakeFaissFlatEngine},
};

}  // namespace

std::unique_ptr<PairEngine> PairEngine::Create(const EngineOptions& options) {
  for (const Entry& entry : kEngines)
    if (options.name == entry.name) return entry.make(options);
  ThrowInput("there is no mining engine \"{}\"{}; there are {}", options.name,
             DidYouMean(options.name, Names()), fmt::join(Names(), ", "));
}

std::vector<std::string> PairEngine::Names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEngines) names.emplace_back(entry.name);
  return names;
}

}  // namespace eyechart::mining

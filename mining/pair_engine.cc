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
    Entry{"auto", MakeExactEngine},  // engine_choice.h decides before
    Entry{"exact", MakeExactEngine},
    Entry{"faiss-flat", MakeFaissFlatEngine},
    Entry{"faiss-ivf", MakeFaissIvfEngine},
};

const Entry& Find(const std::string& name) {
  for (const Entry& entry : kEngines)
    if (name == entry.name) return entry;
  const std::vector<std::string> names = PairEngine::Names();
  ThrowInput("there is no mining engine \"{}\"{}; there are {}", name,
             DidYouMean(name, names), fmt::join(names, ", "));
}

}  // namespace

EngineReport PairEngine::report() const {
  EngineReport report;
  if (exact()) report.recall = 1;
  return report;
}

SearchLog::~SearchLog() = default;
bool SearchLog::Done(std::int64_t) const { return false; }
void SearchLog::Finish(std::int64_t) {}

SearchLog& SearchLog::None() {
  static SearchLog none;
  return none;
}

std::unique_ptr<PairEngine> PairEngine::Create(const EngineOptions& options) {
  return Find(options.name).make(options);
}

void PairEngine::RequireKnown(const std::string& name) { Find(name); }

std::vector<std::string> PairEngine::Names() {
  std::vector<std::string> names;
  for (const Entry& entry : kEngines) names.emplace_back(entry.name);
  return names;
}

}  // namespace eyechart::mining

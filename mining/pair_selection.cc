#include "mining/pair_selection.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::mining {
namespace {

using data::StoreItem;

const std::vector<std::string> kClasses = {"all", "within", "across"};

void RequireLabels(const std::vector<StoreItem>& items,
                   const std::string& classes) {
  const bool any =
      std::any_of(items.begin(), items.end(),
                  [](const StoreItem& item) { return !item.label.empty(); });
  EYECHART_REQUIRE(
      any,
      "classes \"{}\": none of the {} pictures has a label; labels "
      "are the folders that pictures lie in, or the column "
      "\"label\" of a CSV",
      classes, items.size());
}

}  // namespace

void RequireSelection(const PairSelectionOptions& options) {
  EYECHART_REQUIRE(std::find(kClasses.begin(), kClasses.end(),
                             options.classes) != kClasses.end(),
                   "classes \"{}\": should be all, within or across{}",
                   options.classes, DidYouMean(options.classes, kClasses));
  EYECHART_REQUIRE(options.max_per_image >= 0,
                   "max_per_image {}: should be 0 (any number) or more",
                   options.max_per_image);
}

PairSelection SelectPairs(std::span<const BlindPair> pairs,
                          const std::vector<StoreItem>& items,
                          const PairSelectionOptions& options) {
  RequireSelection(options);
  const bool by_class = options.classes != "all";
  if (by_class) RequireLabels(items, options.classes);
  const bool within = options.classes == "within";
  PairSelection selection;
  std::unordered_map<std::int64_t, std::int64_t> kept_pairs;  // of a row
  std::unordered_set<std::int64_t> full;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const BlindPair& pair = pairs[i];
    if (by_class) {
      const std::string& a = items[pair.row_a].label;
      const std::string& b = items[pair.row_b].label;
      if (a.empty() || b.empty()) {
        ++selection.unlabelled;
        continue;
      }
      if ((a == b) != within) {
        ++selection.other_class;
        continue;
      }
    }
    if (options.max_per_image > 0) {
      bool fits = true;
      for (const std::int64_t row : {pair.row_a, pair.row_b}) {
        if (kept_pairs[row] < options.max_per_image) continue;
        fits = false;
        full.insert(row);
      }
      if (!fits) {
        ++selection.over_max;
        continue;
      }
      ++kept_pairs[pair.row_a];
      ++kept_pairs[pair.row_b];
    }
    selection.kept.push_back(i);
  }
  selection.over_max_images = static_cast<std::int64_t>(full.size());
  return selection;
}

std::vector<BlindPair> KeptPairs(std::span<const BlindPair> pairs,
                                 const PairSelection& selection) {
  std::vector<BlindPair> kept;
  kept.reserve(selection.kept.size());
  for (const std::size_t i : selection.kept) kept.push_back(pairs[i]);
  return kept;
}

}  // namespace eyechart::mining

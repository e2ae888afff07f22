#include "suite/mined_pictures.h"

#include <map>
#include <unordered_map>
#include <utility>

#include "core/csv.h"
#include "core/statistics.h"
#include "suite/mined_patterns.h"

namespace eyechart::suite {

std::vector<MinedPicture> CountMinedPictures(
    const multiple_choice::Benchmark& benchmark,
    std::span<const mining::BlindPair> blind,
    const std::vector<data::StoreItem>& items) {
  std::unordered_map<std::string, std::string> patterns;  // by picture
  for (const multiple_choice::Question& item : benchmark.items)
    patterns.emplace(benchmark.pictures[item.picture].id, item.pattern);
  const std::vector<std::string> own = PatternsOfPairs(benchmark, blind, items);
  std::map<std::int64_t, MinedPicture> pictures;  // by row
  const auto picture = [&](std::int64_t row) -> MinedPicture& {
    const auto [it, is_new] = pictures.try_emplace(row);
    if (is_new) {
      it->second.id = items[static_cast<std::size_t>(row)].id;
      const auto found = patterns.find(it->second.id);
      if (found != patterns.end()) it->second.pattern = found->second;
    }
    return it->second;
  };
  for (std::size_t i = 0; i < blind.size(); ++i) {
    MinedPicture& a = picture(blind[i].row_a);
    MinedPicture& b = picture(blind[i].row_b);
    const bool same = !a.pattern.empty() && a.pattern == b.pattern;
    for (MinedPicture* one : {&a, &b}) {
      ++one->blind_pairs;
      if (same) ++one->same_pattern;
      if (!own[i].empty()) ++one->own_pair;
    }
  }
  std::vector<MinedPicture> result;
  for (auto& [row, one] : pictures) result.push_back(std::move(one));
  return result;
}

std::string MinedPicturesCsv(std::span<const MinedPicture> pictures) {
  std::string csv =
      CsvLine({"id", "pattern", "blind_pairs", "same_pattern", "own_pair"});
  for (const MinedPicture& one : pictures)
    csv += CsvLine({one.id, one.pattern, std::to_string(one.blind_pairs),
                    std::to_string(one.same_pattern),
                    std::to_string(one.own_pair)});
  return csv;
}

Interval OwnPairInterval(std::span<const MinedPicture> pictures) {
  std::vector<std::int64_t> hits, trials;
  for (const MinedPicture& one : pictures) {
    hits.push_back(one.own_pair);
    trials.push_back(one.blind_pairs);
  }
  return PairShareInterval(hits, trials);
}

}  // namespace eyechart::suite

#include "reports/gate/item_pairs.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string_view>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// How a metric is made of the rows of outcomes.
enum class Made {
  kCorrect,       // mean of `correct`
  kWithinFive,    // share of rows with `rank` at most 5
  kPairs,         // `pair_correct`, a row a `pair`
  kClasses,       // mean over `truth` of the mean of `correct`
  kAbsolute,      // mean of |prediction - truth|
  kRootOfSquare,  // root of the mean squared distance
  kExplained,  // 1 - squared distances / squares of the truths about the mean
};

std::optional<Made> MadeOf(std::string_view metric) {
  static const std::map<std::string_view, Made> kMade = {
      {"top1", Made::kCorrect},           {"item_accuracy", Made::kCorrect},
      {"chart_accuracy", Made::kCorrect}, {"within_tolerance", Made::kCorrect},
      {"top5", Made::kWithinFive},        {"pair_accuracy", Made::kPairs},
      {"mean_per_class", Made::kClasses}, {"mae", Made::kAbsolute},
      {"rmse", Made::kRootOfSquare},      {"r2", Made::kExplained}};
  const auto found = kMade.find(metric);
  if (found == kMade.end()) return std::nullopt;
  return found->second;
}

// An item's value (0 or 1, or a distance) and its truth.
struct Item {
  double value = 0;
  std::string truth;
};
using Items = std::map<std::string, Item>;

// outcomes/<cell>.csv; of a record of one pattern, that of the whole cell.
fs::path OutcomesOf(const CellSide& side) {
  const Record& record = *side.record;
  const auto path = [&side](const std::string& cell) {
    return side.run / "outcomes" / (CellSlug(cell) + ".csv");
  };
  fs::path own = path(record.cell);
  const auto pattern = record.setting.find("pattern");
  if (fs::exists(own) || pattern == record.setting.end()) return own;
  std::string part = "pattern=" + pattern->second;
  std::ranges::replace(part, ' ', '_');
  std::string cell = record.cell;
  const std::size_t at = cell.rfind(part);
  if (at == std::string::npos) return own;
  const bool comma_after =
      at + part.size() < cell.size() && cell[at + part.size()] == ',';
  const bool comma_before = !comma_after && at > 0 && cell[at - 1] == ',';
  cell.erase(comma_before ? at - 1 : at,
             part.size() + (comma_after || comma_before ? 1 : 0));
  return path(cell);
}

class OutcomeReader {
 public:
  OutcomeReader(const CellSide& side, Made made)
      : table_(CsvTable::ReadFile(OutcomesOf(side))),
        file_(OutcomesOf(side).string()),
        made_(made) {
    const auto pattern = side.record->setting.find("pattern");
    if (pattern != side.record->setting.end()) pattern_ = pattern->second;
  }

  // None where a column is missing or a field is empty: the file is of another
  // kind. What is there and is no number is an error.
  std::optional<Items> Read() const {
    const auto key = table_.FindColumn(made_ == Made::kPairs ? "pair" : "id");
    const auto truth = table_.FindColumn("truth");
    const auto pattern = table_.FindColumn("pattern");
    if (!key || !truth || (!pattern_.empty() && !pattern)) return std::nullopt;
    Items items;
    for (std::size_t row = 0; row < table_.rows(); ++row) {
      if (!pattern_.empty() && table_.at(row, *pattern) != pattern_) continue;
      const std::string& name = table_.at(row, *key);
      if (name.empty()) continue;
      const std::optional<double> value = ValueOf(row, *truth);
      if (!value) return std::nullopt;
      const auto [place, is_new] =
          items.emplace(name, Item{*value, table_.at(row, *truth)});
      if (is_new) continue;
      EYECHART_REQUIRE(made_ == Made::kPairs,
                       "{}: row {}: id \"{}\" is there already", file_, row + 2,
                       name);
      place->second.truth += "\n" + table_.at(row, *truth);
    }
    if (items.empty()) return std::nullopt;
    return items;
  }

 private:
  std::optional<double> Field(std::size_t row, std::string_view column) const {
    const auto at = table_.FindColumn(column);
    if (!at || table_.at(row, *at).empty()) return std::nullopt;
    const std::optional<double> value = ParseDouble(table_.at(row, *at));
    EYECHART_REQUIRE(value && std::isfinite(*value),
                     "{}: row {}: {} \"{}\": should be a number", file_,
                     row + 2, column, table_.at(row, *at));
    return value;
  }

  std::optional<double> ValueOf(std::size_t row, std::size_t truth) const {
    switch (made_) {
      case Made::kCorrect:
      case Made::kClasses:
        return Field(row, "correct");
      case Made::kPairs:
        return Field(row, "pair_correct");
      case Made::kWithinFive: {
        const std::optional<double> rank = Field(row, "rank");
        if (!rank) return std::nullopt;
        return *rank <= 5 ? 1 : 0;
      }
      case Made::kAbsolute:
      case Made::kRootOfSquare:
      case Made::kExplained:
        break;
    }
    const std::optional<double> said = Field(row, "prediction");
    const std::optional<double> shown = ParseDouble(table_.at(row, truth));
    if (!said || !shown) return std::nullopt;
    const double distance = std::abs(*said - *shown);
    return made_ == Made::kAbsolute ? distance : distance * distance;
  }

  CsvTable table_;
  std::string file_;
  Made made_;
  std::string pattern_;
};

// Why the two runs' items are not the same; "" where they are.
std::string DifferenceOfItems(const Items& baseline, const Items& candidate) {
  for (const auto& [id, item] : baseline) {
    const auto other = candidate.find(id);
    if (other == candidate.end())
      return fmt::format("item \"{}\" is in the baseline alone", id);
    if (other->second.truth != item.truth)
      return fmt::format("item \"{}\" has another truth", id);
  }
  if (candidate.size() > baseline.size())
    for (const auto& [id, item] : candidate)
      if (!baseline.contains(id))
        return fmt::format("item \"{}\" is in the candidate alone", id);
  return "";
}

// Weights, strata and link of `made`; rows are in the order of `items`.
void SetWeights(Made made, const Items& items, PairedItems& paired) {
  const std::size_t n = items.size();
  std::map<std::string, std::vector<std::uint32_t>> classes;
  std::uint32_t row = 0;
  for (const auto& [id, item] : items)
    classes[made == Made::kClasses ? item.truth : ""].push_back(row++);
  paired.weights.assign(n, 1 / static_cast<double>(n));
  for (const auto& [name, rows] : classes) {
    for (const std::uint32_t i : rows)
      paired.weights[i] = 1 / (static_cast<double>(classes.size()) *
                               static_cast<double>(rows.size()));
    paired.strata.push_back(rows);
  }
  if (made == Made::kRootOfSquare) paired.link = Link::kRoot;
  if (made != Made::kExplained) return;
  paired.link = Link::kOneMinus;
  std::vector<double> truths;
  for (const auto& [id, item] : items)
    truths.push_back(ParseDouble(item.truth).value_or(0));
  const double mean = std::accumulate(truths.begin(), truths.end(), 0.0) /
                      static_cast<double>(n);
  double squares = 0;
  for (const double truth : truths) squares += (truth - mean) * (truth - mean);
  paired.weights.assign(n, squares > 0 ? 1 / squares : 0);
}

bool Explains(double from_items, double recorded) {
  return std::abs(from_items - recorded) <= 1e-6 * (1 + std::abs(recorded));
}

}  // namespace

std::optional<PairedItems> PairItems(const CellSide& baseline,
                                     const CellSide& candidate,
                                     std::string& note) {
  const std::optional<Made> made = MadeOf(baseline.record->metric);
  if (!made) {
    note = "no items are known for this metric";
    return std::nullopt;
  }
  for (const CellSide* side : {&baseline, &candidate}) {
    if (fs::exists(OutcomesOf(*side))) continue;
    note = fmt::format("the {} has no outcomes of it",
                       side == &baseline ? "baseline" : "candidate");
    return std::nullopt;
  }
  const std::optional<Items> first = OutcomeReader(baseline, *made).Read();
  const std::optional<Items> second = OutcomeReader(candidate, *made).Read();
  if (!first || !second) {
    note = "the outcomes lack a column that the metric is made of";
    return std::nullopt;
  }
  note = DifferenceOfItems(*first, *second);
  if (!note.empty()) return std::nullopt;
  PairedItems paired;
  for (const auto& [id, item] : *first) {
    paired.baseline.push_back(item.value);
    paired.candidate.push_back(second->at(id).value);
  }
  SetWeights(*made, *first, paired);
  for (const CellSide* side : {&baseline, &candidate}) {
    const double value = MetricOf(
        paired, side == &baseline ? paired.baseline : paired.candidate);
    if (Explains(value, *side->record->value)) continue;
    note = fmt::format("the {}'s outcomes give {}, its record says {}",
                       side == &baseline ? "baseline" : "candidate", value,
                       *side->record->value);
    return std::nullopt;
  }
  return paired;
}

}  // namespace eyechart::reports

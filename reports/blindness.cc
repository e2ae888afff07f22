#include "reports/blindness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"
#include "reports/display.h"
#include "reports/markdown_parts.h"

namespace eyechart::reports {
namespace {

// "a", "a and b", "a, b and c".
std::string JoinedWithAnd(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

std::string OneDecimalPercent(double share) {
  return fmt::format("{:.1f}%", 100 * share);
}

std::string WithPoints(const PatternAnswers& row) {
  return fmt::format("{} {} ({:+.1f} points [{:+.1f}, {:+.1f}])", row.pattern,
                     OneDecimalPercent(row.right), 100 * *row.difference,
                     100 * row.difference_ci.low, 100 * row.difference_ci.high);
}

// Which part of the mined pairs, and whether its interval says "most".
std::string ShareOfMined(double share, const Interval& ci) {
  return fmt::format("{} [{:.1f}, {:.1f}]", OneDecimalPercent(share),
                     100 * ci.low, 100 * ci.high);
}

std::string_view WhetherMost(const Interval& ci) {
  if (ci.low > 0.5) return "most";
  return ci.high < 0.5 ? "not most" : "about half";
}

class BlindnessWriter {
 public:
  BlindnessWriter(const PatternTable& table,
                  std::span<const RunFolder> runs,
                  const std::vector<std::string>& labels)
      : table_(table), runs_(runs), labels_(labels) {}

  std::vector<std::string> Write() {
    if (!table_.words) return {};
    Words();
    if (near_.empty()) return std::move(sentences_);
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      if (table_.columns[i].how == "read-out") ReadOut(i);
    for (const PatternColumn& column : table_.columns)
      if (column.metric == "mined_share") Mined(column);
    return std::move(sentences_);
  }

 private:
  const PatternColumn& words() const { return table_.columns[*table_.words]; }

  std::string NameOf(const PatternColumn& column) const {
    return (runs_.size() > 1 ? labels_[column.run] + ": " : "") +
           column.encoder;
  }

  std::vector<const PatternAnswers*> RowsOf(std::size_t column) const {
    std::vector<const PatternAnswers*> rows;
    for (const PatternAnswers& row : table_.answers)
      if (row.column == column && row.pairs >= kLeastPairsOfFinding)
        rows.push_back(&row);
    return rows;
  }

  void Words() {
    std::vector<std::string> above, below;
    double lowest = 1, highest = 0, last = 0;
    for (const PatternAnswers* row : RowsOf(*table_.words)) {
      const ChanceVerdict verdict = VerdictOf(*row);
      if (verdict != ChanceVerdict::kNear) {
        (verdict == ChanceVerdict::kAbove ? above : below)
            .push_back(fmt::format("{} ({})", row->pattern,
                                   OneDecimalPercent(row->right)));
        continue;
      }
      near_.push_back(row->pattern);
      lowest = std::min(lowest, row->right);
      highest = std::max(highest, row->right);
      last = std::max(last, row->ci.high);
    }
    if (near_.empty() && above.empty() && below.empty()) return;
    std::vector<std::string> parts;
    if (!near_.empty())
      parts.push_back(fmt::format(
          "near chance on {}: {} to {} of the answers are right, and each "
          "interval holds 50% (none reaches beyond {})",
          JoinedWithAnd(near_), OneDecimalPercent(lowest),
          OneDecimalPercent(highest), OneDecimalPercent(last)));
    if (!above.empty())
      parts.push_back("above chance on " + JoinedWithAnd(above));
    if (!below.empty())
      parts.push_back("below chance on " + JoinedWithAnd(below));
    sentences_.push_back(fmt::format("{}\u2019s own words are {}.",
                                     NameOf(words()),
                                     fmt::join(parts, "; they are ")));
  }

  void ReadOut(std::size_t index) {
    std::vector<std::string> better, open, worse;
    for (const PatternAnswers* row : RowsOf(index)) {
      if (!IsNear(row->pattern) || !row->difference) continue;
      if (row->difference_ci.low > 0)
        better.push_back(WithPoints(*row));
      else if (row->difference_ci.high < 0)
        worse.push_back(WithPoints(*row));
      else
        open.push_back(row->pattern);
    }
    if (better.empty() && open.empty() && worse.empty()) return;
    const PatternColumn& column = table_.columns[index];
    const bool own =
        column.run == words().run && column.encoder == words().encoder;
    std::string text =
        fmt::format("There a read-out of {}{} features is right ",
                    NameOf(column), own ? "\u2019s own" : "\u2019s");
    if (better.empty())
      text += "no more often on any";
    else
      text += "more often on " + JoinedWithAnd(better);
    if (!worse.empty()) text += "; less often on " + JoinedWithAnd(worse);
    if (!better.empty() && !open.empty())
      text += "; on " + JoinedWithAnd(open) + " the difference may be chance";
    sentences_.push_back(text + ".");
  }

  bool IsNear(const std::string& pattern) const {
    return std::find(near_.begin(), near_.end(), pattern) != near_.end();
  }

  // The near patterns where the far encoder's read-out tells more.
  std::vector<std::string> ToldByFar(const std::string& far,
                                     std::size_t run) const {
    std::vector<std::string> told;
    for (const PatternAnswers& row : table_.answers) {
      const PatternColumn& column = table_.columns[row.column];
      if (column.run == run && column.encoder == far &&
          column.how == "read-out" && row.pairs >= kLeastPairsOfFinding &&
          IsNear(row.pattern) && row.difference && row.difference_ci.low > 0)
        told.push_back(row.pattern);
    }
    return told;
  }

  void Mined(const PatternColumn& column) {
    const std::string start = words().encoder + "~";
    if (column.run != words().run || column.encoder.rfind(start, 0) != 0)
      return;
    const std::string far = column.encoder.substr(start.size());
    std::vector<std::string> those = ToldByFar(far, column.run);
    const std::string what =
        those.empty() ? fmt::format("the words are near chance ({})",
                                    JoinedWithAnd(near_))
                      : fmt::format(
                            "the words are near chance and {}\u2019s "
                            "read-out tells more ({})",
                            far, JoinedWithAnd(those));
    if (those.empty()) those = near_;
    std::vector<std::string> parts;
    if (const std::string all = AllMined(column, those); !all.empty())
      parts.push_back(all);
    if (const std::string drawn = DrawnPairs(column, those); !drawn.empty())
      parts.push_back(drawn);
    if (parts.empty()) return;
    sentences_.push_back(
        fmt::format("Where {} lie {}.", what, fmt::join(parts, ", and ")));
  }

  // Of the pairs that were drawn as pairs: no two share a picture.
  std::string DrawnPairs(const PatternColumn& column,
                         const std::vector<std::string>& those) const {
    std::int64_t mined = 0, mined_there = 0, drawn = 0, drawn_there = 0;
    for (std::size_t i = 0; i < table_.patterns.size(); ++i) {
      const Record* record = column.values[i];
      if (record == nullptr || !record->value) continue;
      const std::int64_t hits =
          std::llround(*record->value * static_cast<double>(record->n));
      const bool there = std::find(those.begin(), those.end(),
                                   table_.patterns[i]) != those.end();
      drawn += record->n;
      mined += hits;
      if (there) drawn_there += record->n;
      if (there) mined_there += hits;
    }
    if (mined == 0) return "";
    const Interval ci = WilsonInterval(mined_there, mined);
    return fmt::format(
        "{} of the {} that were drawn as pairs ({}; of all drawn pairs {} are "
        "there)",
        ShareOfMined(
            static_cast<double>(mined_there) / static_cast<double>(mined), ci),
        FormatNumber(static_cast<double>(mined)), WhetherMost(ci),
        OneDecimalPercent(static_cast<double>(drawn_there) /
                          static_cast<double>(drawn)));
  }

  // Of all mined pairs those whose pictures are both of one of these patterns.
  std::string AllMined(const PatternColumn& column,
                       const std::vector<std::string>& those) const {
    const std::filesystem::path path = runs_[column.run].path / "artifacts" /
                                       CellSlug(column.cell) /
                                       "mined_pictures.csv";
    if (column.cell.empty() || !std::filesystem::exists(path)) return "";
    const CsvTable pictures = CsvTable::ReadFile(path);
    const std::size_t pattern = pictures.Column("pattern");
    std::vector<std::int64_t> hits, trials;
    std::int64_t hit = 0, trial = 0;
    for (std::size_t row = 0; row < pictures.rows(); ++row) {
      const auto count = [&](std::string_view name) {
        const std::string& text = pictures.at(row, pictures.Column(name));
        const std::optional<std::int64_t> value = ParseInt(text);
        EYECHART_REQUIRE(value && *value >= 0,
                         "{}: row {}: {} \"{}\": should be a count",
                         path.string(), row + 2, name, text);
        return *value;
      };
      const bool there = std::find(those.begin(), those.end(),
                                   pictures.at(row, pattern)) != those.end();
      trials.push_back(count("blind_pairs"));
      hits.push_back(there ? count("same_pattern") : 0);
      trial += trials.back();
      hit += hits.back();
    }
    if (trial == 0) return "";
    const Interval ci = PairShareInterval(hits, trials);
    return fmt::format(
        "{} of the {} mined pairs ({})",
        ShareOfMined(static_cast<double>(hit) / static_cast<double>(trial), ci),
        FormatNumber(static_cast<double>(trial) / 2), WhetherMost(ci));
  }

  const PatternTable& table_;
  std::span<const RunFolder> runs_;
  const std::vector<std::string>& labels_;
  std::vector<std::string> near_;  // patterns where the words are near chance
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> BlindnessSentences(
    const PatternTable& table,
    std::span<const RunFolder> runs,
    const std::vector<std::string>& labels) {
  return BlindnessWriter(table, runs, labels).Write();
}

std::string BlindnessMarkdown(std::span<const RunFolder> runs,
                              const std::vector<std::string>& labels) {
  std::string text;
  for (const PatternTable& table : MakePatternTables(runs)) {
    const auto sentences = BlindnessSentences(table, runs, labels);
    if (sentences.empty()) continue;
    text += fmt::format("Of {}, answer by answer, with 95% intervals:\n\n",
                        EscapeMarkdown(table.dataset));
    for (const std::string& sentence : sentences)
      text += "- " + EscapeMarkdown(sentence) + "\n";
    text += "\n";
  }
  return text.empty() ? "" : "## Patterns: what the answers say\n\n" + text;
}

}  // namespace eyechart::reports

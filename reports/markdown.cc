// Markdown (GitHub's tables): summary, failures, one table a task, the widest
// gaps of mined pairs, environment, methods.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "reports/blindness.h"
#include "reports/comparison.h"
#include "reports/display.h"
#include "reports/error_kinds.h"
#include "reports/formats.h"
#include "reports/gallery.h"
#include "reports/latency.h"
#include "reports/low_data.h"
#include "reports/markdown_parts.h"
#include "reports/methods.h"
#include "reports/nms_sweep.h"
#include "reports/pareto.h"
#include "reports/references.h"
#include "reports/resolution_curve.h"
#include "reports/roofline.h"
#include "reports/training_log.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kMaxPairs = 10;  // the HTML page shows them as pictures
constexpr std::string_view kNoValue = "\u2014";

// The document of one call, section by section.
class MarkdownWriter {
 public:
  MarkdownWriter(std::span<const RunFolder> runs,
                 std::span<const RunFolder> references)
      : runs_(runs),
        references_(references),
        labels_(RunLabels(runs)),
        style_(runs) {}

  std::string Write() {
    Summary();
    Failures();
    text_ += BlindnessMarkdown(runs_, labels_);
    for (const TaskTable& table : MakeTaskTables(runs_)) Task(table);
    text_ += TrainingLogMarkdown(runs_, labels_);
    text_ += ErrorKindsMarkdown(runs_, labels_);
    text_ += PrecisionMarkdown(runs_, labels_);
    text_ += LowDataMarkdown(runs_, labels_);
    text_ += LatencyMarkdown(runs_, labels_);
    text_ += ResolutionMarkdown(runs_, labels_);
    text_ += NmsSweepMarkdown(runs_, labels_);
    text_ += ParetoMarkdown(runs_, labels_);
    text_ += RooflineMarkdown(runs_, labels_);
    text_ += ReferencesMarkdown(references_, runs_);
    Pairs();
    Notes();
    Environment();
    Methods();
    return std::move(text_);
  }

 private:
  // "run: " where there are several.
  std::string RunPrefix(std::size_t run) const {
    return runs_.size() > 1 ? EscapeMarkdown(labels_[run]) + ": " : "";
  }

  void Summary() {
    text_ += runs_.size() == 1
                 ? "# eyechart report: " + EscapeMarkdown(labels_[0]) + "\n\n"
                 : fmt::format("# eyechart report: {} runs side by side\n\n",
                               runs_.size());
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const RunSummaryCounts counts = CountRun(runs_[run]);
      text_ += fmt::format(
          "- **{}**: {}: {} ok, {} failed", EscapeMarkdown(labels_[run]),
          Plural(counts.cells, "cell"), counts.ok, counts.failed);
      if (counts.skipped > 0)
        text_ += fmt::format(", {} skipped", counts.skipped);
      if (counts.unreadable >= 0)
        text_ += fmt::format("; unreadable pictures: {}",
                             FormatNumber(counts.unreadable));
      if (!counts.first_started.empty())
        text_ +=
            fmt::format("; started {}", EscapeMarkdown(counts.first_started));
      text_ +=
          fmt::format("; {} of measuring\n", FormatSeconds(counts.seconds));
    }
    text_ += "\n";
  }

  void Failures() {
    const auto failed = FailedRecords(runs_);
    const auto missing = MissingCells(runs_);
    if (!failed.empty()) text_ += "## Failed cells\n\n";
    for (const auto& [run, record] : failed) {
      text_ += fmt::format(
          "- {}{}{}: {}\n", RunPrefix(run), EscapeMarkdown(record->cell),
          record->metric.empty()
              ? ""
              : fmt::format(" ({})", EscapeMarkdown(record->metric)),
          EscapeMarkdown(record->message));
    }
    if (!failed.empty()) text_ += "\n";
    if (!missing.empty()) text_ += "## Cells without a result\n\n";
    for (const auto& [run, cell] : missing)
      text_ += fmt::format("- {}no record of {}\n", RunPrefix(run),
                           EscapeMarkdown(cell));
    if (!missing.empty()) text_ += "\n";
  }

  std::string ValueCell(const TaskTable::Row& row,
                        std::size_t run,
                        std::size_t metric) const {
    const Record* record = row.values[run][metric];
    if (record == nullptr)
      return row.failed[run] ? "failed" : std::string(kNoValue);
    std::string text = style_.Value(*record);
    if (record->value && record->ci)
      text.append(" ").append(style_.Interval(*record));
    return text;
  }

  // "blind_share ↓", "encode_throughput (images/s) ↑".
  std::string MetricHead(const std::string& metric) const {
    for (const MetricNote& note : metrics_) {
      if (note.name != metric) continue;
      std::string head = EscapeMarkdown(metric);
      const std::string unit = UnitText(note.unit);
      if (!unit.empty()) head += fmt::format(" ({})", EscapeMarkdown(unit));
      const std::string_view arrow = DirectionArrow(note.direction);
      if (!arrow.empty()) head += fmt::format(" {}", arrow);
      return head;
    }
    return EscapeMarkdown(metric);
  }

  void Task(const TaskTable& table) {
    if (table.metrics.empty()) return;  // every cell failed: said above
    text_ += fmt::format("## {}\n\n", EscapeMarkdown(table.task));
    if (!table.constant.empty()) {
      std::vector<std::string> parts;
      for (const auto& [name, value] : table.constant)
        parts.push_back(
            fmt::format("{} {}", EscapeMarkdown(name), EscapeMarkdown(value)));
      text_ += fmt::format("All cells: {}.\n\n", fmt::join(parts, ", "));
    }
    std::vector<std::string> head;
    for (const std::string& part : table.parts)
      head.push_back(EscapeMarkdown(part));
    if (runs_.size() == 1) {
      for (const std::string& metric : table.metrics)
        head.push_back(MetricHead(metric));
      text_ += TableHead(head, table.parts.size());
      for (const TaskTable::Row& row : table.rows) {
        std::vector<std::string> cells;
        for (const std::string& part : row.parts)
          cells.push_back(EscapeMarkdown(part));
        for (std::size_t i = 0; i < table.metrics.size(); ++i)
          cells.push_back(ValueCell(row, 0, i));
        text_ += TableLine(cells);
      }
    } else {
      head.push_back("metric");
      for (const std::string& label : labels_)
        head.push_back(EscapeMarkdown(label));
      text_ += TableHead(head, table.parts.size() + 1);
      for (const TaskTable::Row& row : table.rows) SideBySide(table, row);
    }
    text_ += "\n";
  }

  // One line a metric of the cell, one column a run.
  void SideBySide(const TaskTable& table, const TaskTable::Row& row) {
    for (const std::size_t i : MetricsOf(row)) {
      std::vector<std::string> cells;
      for (const std::string& part : row.parts)
        cells.push_back(EscapeMarkdown(part));
      cells.push_back(MetricHead(table.metrics[i]));
      for (std::size_t run = 0; run < runs_.size(); ++run)
        cells.push_back(ValueCell(row, run, i));
      text_ += TableLine(cells);
    }
  }

  void Pairs() {
    const std::vector<Gallery> galleries = ReadGalleries(runs_);
    if (galleries.empty()) return;
    text_ += "## Pairs with the widest gap\n\n";
    for (const Gallery& gallery : galleries) {
      const std::size_t shown = std::min(gallery.pairs.size(), kMaxPairs);
      text_ += fmt::format(
          "{}{}\n\n{}\n\n", RunPrefix(gallery.run),
          EscapeMarkdown(gallery.cell),
          EscapeMarkdown(BlindPairSentence(
              gallery.near_model, gallery.far_model,
              FormatDouble(gallery.near_min), FormatDouble(gallery.far_max))));
      if (shown == 0) {
        text_ += "No such pair was found.\n\n";
        continue;
      }
      text_ += TableHead(
          {"rank", "picture a", "picture b",
           fmt::format("cosine in {}", EscapeMarkdown(gallery.near_model)),
           fmt::format("cosine in {}", EscapeMarkdown(gallery.far_model)),
           "gap"},
          3);
      for (std::size_t i = 0; i < shown; ++i) {
        const GalleryPair& pair = gallery.pairs[i];
        text_ +=
            TableLine({std::to_string(pair.rank), Picture(pair.a),
                       Picture(pair.b), fmt::format("{:.4f}", pair.near_cosine),
                       fmt::format("{:.4f}", pair.far_cosine),
                       fmt::format("{:.4f}", pair.gap)});
      }
      text_ += "\n";
    }
  }

  static std::string Picture(const GalleryPicture& picture) {
    std::string text = EscapeMarkdown(picture.id);
    if (!picture.label.empty())
      text += fmt::format(" ({})", EscapeMarkdown(picture.label));
    return text;
  }

  void Notes() {
    const std::vector<CellNote> notes = NotesOf(runs_);
    if (notes.empty()) return;
    text_ += "## Notes\n\n";
    for (const CellNote& note : notes) {
      const auto& [run, cell] = note.cells.front();
      text_ +=
          fmt::format("- {} ({}{}{})\n", EscapeMarkdown(note.message),
                      RunPrefix(run), EscapeMarkdown(cell),
                      note.cells.size() > 1
                          ? fmt::format(" and {} more",
                                        Plural(note.cells.size() - 1, "cell"))
                          : "");
    }
    text_ += "\n";
  }

  void Environment() {
    text_ += "## Environment\n\n";
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const Json& environment = runs_[run].environment;
      if (runs_.size() > 1)
        text_ += fmt::format("### {}\n\n", EscapeMarkdown(labels_[run]));
      if (environment.is_null()) {
        text_ += "The run folder has no environment.json.\n\n";
        continue;
      }
      text_ += TableHead({"key", "value"}, 2);
      for (const auto& [key, value] : environment.items())
        if (key != "command")
          text_ +=
              TableLine({EscapeMarkdown(key), EscapeMarkdown(JsonText(value))});
      text_ += "\n";
      const std::size_t distinct = CountRun(runs_[run]).environments;
      if (distinct > 1)
        text_ += fmt::format(
            "The records of this run were made in {} environments; this is "
            "the first.\n\n",
            distinct);
      const auto command = environment.find("command");
      if (command != environment.end() && command->is_string())
        text_ += "The command that repeats the run:\n\n" +
                 CodeBlock(command->get<std::string>()) + "\n";
    }
  }

  void Methods() {
    text_ += "## How the numbers are made\n\n";
    text_ += std::string(kHowToRead) + "\n\n";
    for (const MetricNote& note : metrics_)
      text_ += fmt::format(
          "- **{}**: {}\n", EscapeMarkdown(note.name),
          note.what.empty() ? "not in this build's table of metrics"
                            : fmt::format("{} ({})", EscapeMarkdown(note.what),
                                          EscapeMarkdown(note.source)));
    text_ += metrics_.empty() ? "" : "\n";
    for (const EstimatorNote& note : EstimatorsUsed(runs_))
      text_ += fmt::format(
          "- Interval **{}** ({}){}\n", EscapeMarkdown(note.name),
          EscapeMarkdown(note.levels),
          note.what.empty() ? ""
                            : fmt::format(": {}", EscapeMarkdown(note.what)));
  }

  std::span<const RunFolder> runs_;
  std::span<const RunFolder> references_;
  std::vector<std::string> labels_;
  NumberStyle style_;
  std::vector<MetricNote> metrics_ = MetricsUsed(runs_);
  std::string text_;
};

class MarkdownExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    return MarkdownWriter(runs, references_).Write();
  }
  bool ShowReferences(std::vector<RunFolder> references) override {
    references_ = std::move(references);
    return true;
  }

 private:
  std::vector<RunFolder> references_;
};

}  // namespace

std::unique_ptr<Exporter> MakeMarkdown() {
  return std::make_unique<MarkdownExporter>();
}

}  // namespace eyechart::reports

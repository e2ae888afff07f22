#include "tests/reports/golden_records.h"

#include <fmt/format.h>

#include <limits>

namespace eyechart::reports::testing {
namespace {

using Limits = std::numeric_limits<double>;

// NUL, controls that XML 1.0 cannot hold, one that it can, a colour's escape.
const std::string kControls("a\0b\x01\x0b\x1b[31m\x7f", 11);
constexpr char kMarkup[] =
    "</script><b>&amp;\"'` ]]> <!-- | a,b;c \\ {x} $y$ *z* _w_ ~ # %0A ::";
constexpr char kLines[] = "first\r\n::error title=x::second\n\ttab % 50%\n";
constexpr char kUnicode[] =
    "\u00e9e\u0301 \u05d0\u05d1 \u4e2d\u6587 \U0001F441 \u2028 \uFFFE \u202E";
constexpr char kIllFormed[] = "\xff\xc3( \xed\xa0\x80";

Record Base(const std::string& encoder, const std::string& task = "knn") {
  Record record;
  record.run = "night";
  record.encoder = encoder;
  record.task = task;
  record.dataset = "photos";
  record.setting = {{"k", "10"}};
  record.cell = encoder + "/" + task + "/photos/k=10";
  record.n = 150;
  record.environment = "0123456789abcdef";
  record.weights_sha256 = std::string(64, 'a');
  record.started = "2026-11-23T20:44:00Z";
  record.seconds = 61.5;
  return record;
}

Record Valued(const std::string& encoder,
              const std::string& metric,
              double value) {
  Record record = Base(encoder);
  SetMetric(record, metric, value);
  return record;
}

Record Without(const std::string& encoder,
               RecordStatus status,
               const std::string& message,
               const std::string& metric = "") {
  Record record = Base(encoder);
  if (!metric.empty()) SetMetric(record, metric, 0);
  record.value.reset();
  record.status = status;
  record.message = message;
  return record;
}

// A metric of a newer eyechart.
Record Unknown(const std::string& encoder,
               const std::string& metric,
               const std::string& unit,
               double value) {
  Record record = Base(encoder);
  record.metric = metric;
  record.unit = unit;
  record.direction = "lower";
  record.value = value;
  return record;
}

RunFolder Night() {
  RunFolder run;
  run.path = "runs/night";
  run.name = "night";
  Record share = Valued("clip", "top1", 0.3141592653589793);
  share.ci = Interval{0.24, 0.39, 0.95, "wilson"};
  run.records = {share,
                 Valued("clip", "images", 1234567),
                 Valued("clip", "unreadable", 0),
                 Valued("clip", "encode_throughput", 1.7e308),
                 Valued("clip", "pair_cosine", -5e-324),
                 Valued("clip", "blind_share", Limits::quiet_NaN()),
                 Valued("clip", "blind_per_1e9", Limits::infinity()),
                 Valued("clip", "r2", -Limits::infinity()),
                 Unknown("clip", "latency_p99", "ns", 12345678.5),
                 Unknown("dinov2", "latency_p99", "furlong/fort night", 2),
                 Unknown("clip", "chart_threshold", "patches", 2),
                 Unknown("clip", "chart_threshold_patches", "patches", 2),
                 Unknown("clip", "a metric: \"new\"", "", 1),
                 Without("odd", RecordStatus::kError, kLines),
                 Without("even.v1.5", RecordStatus::kError, kMarkup, "top1"),
                 Without("even.v1.5", RecordStatus::kSkipped,
                         "only 3 of 7 pictures", "top5"),
                 Valued(kMarkup, "top1", 0.5),
                 Valued(kUnicode, "top1", 0.5),
                 Valued(kControls, "top1", 0.5),
                 Valued(kIllFormed, "top1", 0.5),
                 Without(kControls, RecordStatus::kError, kControls, "top5"),
                 Without(kUnicode, RecordStatus::kSkipped, kIllFormed, "top5"),
                 Valued(std::string(300, 'x'), "top1", 1),
                 Without(std::string(300, 'y'), RecordStatus::kError,
                         std::string(5000, 'm'))};
  std::string eyes;
  for (int i = 0; i < 300; ++i) eyes += "\U0001F441";
  run.records.push_back(Without(eyes, RecordStatus::kSkipped, "eyes", "top1"));
  run.environment = {{"cpu", kMarkup},       {"threads", 2},
                     {"eyechart", "0.1.0"},  {"command", "eyechart run 'a'"},
                     {"note", kControls},    {"nothing", nullptr},
                     {"list", {1, "two", 3}}};
  return run;
}

RunFolder OtherNight() {
  RunFolder run;
  run.path = "elsewhere/night";
  run.name = "night";
  Record share = Valued("clip", "top1", 0.3);
  share.ci = Interval{0.23, 0.38, 0.95, "wilson"};
  run.records = {share, Valued("dinov2", "top1", 0.75)};
  return run;
}

RunFolder Many() {
  RunFolder run;
  run.path = "runs/many";
  run.name = "many";
  for (int i = 0; i < 25; ++i) {
    const std::string name = fmt::format("e{}", i);
    run.records.push_back(
        Without("failed-" + name, RecordStatus::kError, "out of memory"));
    run.records.push_back(Valued("nan-" + name, "top1", Limits::quiet_NaN()));
    if (i < 10)
      run.records.push_back(Without("skipped-" + name, RecordStatus::kSkipped,
                                    "not asked for", "top1"));
  }
  return run;
}

GateCell Cell(Verdict verdict, const std::string& cell, bool required) {
  GateCell judged;
  judged.cell = cell;
  judged.metric = "top1";
  judged.unit = "1";
  judged.direction = Direction::kHigher;
  judged.verdict = verdict;
  judged.required = required;
  judged.baseline = 0.9;
  judged.n = 100;
  if (verdict == Verdict::kMissing || verdict == Verdict::kError) {
    judged.reason = "the candidate has no such record";
    return judged;
  }
  judged.candidate = 0.6;
  judged.difference = -0.3;
  if (verdict == Verdict::kIncomparable) {
    judged.reason = "other environment: cpu";
    return judged;
  }
  judged.ci = Interval{-0.4, -0.2, 0.95, "newcombe"};
  judged.margin = 0.009;
  judged.p = 2.5e-7;
  judged.p_adjusted = 1e-6;
  judged.least_loss = 0.02;
  judged.test = "exact McNemar";
  return judged;
}

GateReport Judged(std::vector<GateCell> cells, bool strict = false) {
  GateReport report;
  report.baseline = "runs/main";
  report.candidate = "runs/new";
  report.strict = strict;
  report.result.policy = "gate.toml";
  report.result.tested = cells.size();
  report.result.cells = std::move(cells);
  Summarize(report.result, strict);
  return report;
}

std::vector<GateCell> EveryVerdict(bool required) {
  std::vector<GateCell> cells;
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kImproved, Verdict::kRegressed,
        Verdict::kInconclusive, Verdict::kIncomparable, Verdict::kMissing,
        Verdict::kError})
    cells.push_back(
        Cell(verdict,
             fmt::format("{}/knn/photos/{}", VerdictName(verdict), required),
             required));
  return cells;
}

}  // namespace

std::vector<GoldenCase> GoldenCases() {
  RunFolder empty;
  empty.path = "runs/empty";
  empty.name = "empty";
  return {{"empty", {empty}},
          {"night", {Night()}},
          {"two", {Night(), OtherNight()}},
          {"many", {Many()}}};
}

std::vector<GoldenGate> GoldenGates() {
  std::vector<GateCell> all = EveryVerdict(true);
  for (GateCell& cell : EveryVerdict(false)) all.push_back(std::move(cell));
  // What a gate reads is UTF-8.
  for (const char* name : {kMarkup, kLines, kUnicode}) {
    all.push_back(Cell(Verdict::kRegressed, name, true));
    all.back().reason = name;
  }
  all.push_back(Cell(Verdict::kRegressed, kControls, true));
  all.push_back(Cell(Verdict::kMissing, std::string(300, 'x'), true));
  all.back().metric.clear();
  GateReport everything = Judged(all);
  everything.result.environment["cpu"] = {Json("A | B"), Json(nullptr)};
  everything.warnings = {kMarkup, kLines};
  std::vector<GateCell> many;
  for (int i = 0; i < 12; ++i)
    many.push_back(
        Cell(Verdict::kRegressed, fmt::format("e{}/a/b/c", i), i < 11));
  return {
      {"empty", Judged({})},
      {"pass", Judged({Cell(Verdict::kPass, "clip/knn/photos/", true),
                       Cell(Verdict::kImproved, "b/knn/photos/", true)})},
      {"advisory", Judged(EveryVerdict(false))},
      {"everything", everything},
      {"inconclusive", Judged({Cell(Verdict::kInconclusive, "a/b/c/d", true)})},
      {"strict", Judged({Cell(Verdict::kInconclusive, "a/b/c/d", true)}, true)},
      {"many", Judged(many)}};
}

}  // namespace eyechart::reports::testing

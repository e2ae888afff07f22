// Run folders of a few cells, as the gate's tests need them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/record.h"
#include "reports/run_folder.h"
#include "tests/fixture.h"

namespace eyechart::reports::testing {

inline Record ScoreRecord(const std::string& cell,
                          const std::string& metric,
                          double value,
                          std::int64_t n) {
  Record record;
  record.run = "night";
  record.cell = cell;
  record.encoder = "clip";
  record.task = "knn";
  record.dataset = "photos";
  record.n = n;
  record.environment = "0123456789abcdef";
  record.started = "2026-11-23T20:44:00Z";
  SetMetric(record, metric, value);
  return record;
}

/// A metric that the table does not have: a latency in ns.
inline Record LatencyRecord(const std::string& cell, double nanoseconds) {
  Record record = ScoreRecord(cell, "top1", nanoseconds, 100);
  record.metric = "latency_median";
  record.unit = "ns";
  record.direction = "lower";
  return record;
}

/// A run folder that is written row by row.
class RunWriter {
 public:
  explicit RunWriter(std::filesystem::path path) : path_(std::move(path)) {
    Write("records.jsonl", "");
  }

  RunWriter& Add(const Record& record) {
    lines_ += RecordToLine(record) + "\n";
    return Write("records.jsonl", lines_);
  }

  RunWriter& Write(const std::string& name, const std::string& text) {
    eyechart::testing::WriteText(path_ / name, text);
    return *this;
  }

  /// Right and wrong answers as "1101", one an item, with a top1 record.
  RunWriter& AddTop1(const std::string& cell, const std::string& answers) {
    std::string csv = "id,truth,prediction,correct\n";
    double right = 0;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      csv += "i" + std::to_string(i) + ",cat,dog," + answers[i] + "\n";
      right += answers[i] == '1' ? 1 : 0;
    }
    const auto n = static_cast<std::int64_t>(answers.size());
    Record record =
        ScoreRecord(cell, "top1", right / static_cast<double>(n), n);
    record.ci = WilsonInterval(static_cast<std::int64_t>(right), n);
    Write("outcomes/" + CellSlug(cell) + ".csv", csv);
    return Add(record);
  }

  /// Latencies in ns; with `pair` != "" sample i is of pair `pair` + i.
  RunWriter& AddLatency(const std::string& cell,
                        const std::vector<double>& samples,
                        const std::string& pair = "") {
    std::string csv = pair.empty() ? "latency_ns\n" : "latency_ns,pair\n";
    for (std::size_t i = 0; i < samples.size(); ++i) {
      csv += fmt::format("{}", samples[i]);
      if (!pair.empty()) csv += fmt::format(",{}{}", pair, i);
      csv += "\n";
    }
    Write("samples/" + CellSlug(cell) + ".csv", csv);
    return Add(LatencyRecord(cell, Median(samples)));
  }

  RunFolder Read() const { return ReadRunFolder(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string lines_;
};

/// `count` times `c`.
inline std::string Times(std::size_t count, char c) {
  return std::string(count, c);
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace eyechart::reports::testing

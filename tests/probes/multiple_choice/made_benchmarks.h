// Folders in the layouts of published benchmarks; pictures are empty files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/csv.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "tests/fixture.h"

namespace eyechart::multiple_choice::testing {

/// `pairs` pairs of MMVP: the right options are (a) and (b) of every pair.
inline void WriteMmvp(const std::filesystem::path& folder,
                      int pairs,
                      const std::string& index = "lndex") {
  std::string csv = CsvLine({index, "Question", "Options", "Correct Answer"});
  for (int i = 1; i <= 2 * pairs; ++i) {
    csv += CsvLine({std::to_string(i),
                    "Open, or \"shut\"?\nPair " + std::to_string((i + 1) / 2),
                    "(a) Open (b) Shut", i % 2 == 1 ? "(a)" : "(b)"});
    eyechart::testing::WriteText(
        folder / "MMVP Images" / (std::to_string(i) + ".jpg"), "");
  }
  eyechart::testing::WriteText(folder / "Questions.csv", csv);
}

struct VlmRow {
  std::string id, type, statement;
};

/// MMVP-VLM in either layout, with the pictures of `rows`.
inline void WriteMmvpVlm(const std::filesystem::path& folder,
                         const std::vector<VlmRow>& rows,
                         bool released,
                         const std::string& before = "",
                         const std::string& line_end = "\n") {
  std::string csv = before + "Question ID,Type,Statement" + line_end;
  for (const VlmRow& row : rows) {
    csv += CsvField(row.id) + "," + CsvField(row.type) + "," +
           CsvField(row.statement) + line_end;
    std::string category = row.type;
    for (char& c : category)
      if (!released && c == ' ') c = '_';
    eyechart::testing::WriteText(
        folder / (released ? "MLLM_VLM Images" : "MMVP_VLM_Images") / category /
            (row.id + ".jpg"),
        "");
  }
  eyechart::testing::WriteText(folder / "Questions.csv", csv);
}

inline Benchmark Read(const std::filesystem::path& path,
                      const std::string& kind = "",
                      const std::string& labels = "corrected") {
  ReadOptions options;
  options.path = path;
  options.kind = kind;
  options.labels = labels;
  return ReadBenchmark(options);
}

/// The error that reading gives, or "".
inline std::string ReadError(const std::filesystem::path& path,
                             const std::string& kind = "") {
  return eyechart::testing::InputErrorOf([&] { Read(path, kind); });
}

}  // namespace eyechart::multiple_choice::testing

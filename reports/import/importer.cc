#include "reports/import/importer.h"

#include <array>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/import/clip_benchmark_json.h"
#include "reports/import/coco_results_table.h"
#include "reports/import/google_benchmark.h"
#include "reports/import/timm_csv.h"

namespace eyechart::reports {
namespace {

constexpr std::array kImporters = {
    ImporterRow{"timm", "timm's results-*.csv and benchmark-infer-*.csv",
                IsTimmCsv, MakeTimmCsvImporter},
    ImporterRow{"clip-benchmark", "JSON results of LAION's CLIP_benchmark",
                IsClipBenchmarkJson, MakeClipBenchmarkImporter},
    ImporterRow{"google-benchmark", "Google Benchmark's JSON",
                IsGoogleBenchmark, MakeGoogleBenchmarkImporter},
    ImporterRow{"table", "a published table as JSON, with its source",
                IsResultsTable, MakeResultsTableImporter},
    ImporterRow{"google-benchmark", "JSON of Google Benchmark, times in ns",
                IsGoogleBenchmark, MakeGoogleBenchmarkImporter},
};

}  // namespace

std::span<const ImporterRow> Importers() { return kImporters; }

std::unique_ptr<Importer> Importer::Create(const std::string& name) {
  std::vector<std::string> names;
  for (const ImporterRow& row : Importers()) {
    if (row.name == name) return row.make();
    names.emplace_back(row.name);
  }
  ThrowInput("importer \"{}\" is none of {}{}", name, fmt::join(names, ", "),
             DidYouMean(name, names));
}

std::string ImporterForFile(const std::filesystem::path& file) {
  const std::string text = ReadFile(file);
  std::vector<std::string_view> known;
  for (const ImporterRow& row : Importers()) {
    if (row.recognises(text)) return std::string(row.name);
    known.push_back(row.what);
  }
  ThrowInput("{}: no table that is known here; these are: {}", file.string(),
             fmt::join(known, "; "));
}

}  // namespace eyechart::reports

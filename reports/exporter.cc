#include "reports/exporter.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "reports/formats.h"

namespace eyechart::reports {
namespace {

constexpr std::array kExporters = {
    ExporterRow{"markdown", ".md .markdown",
                "tables for a repository, an issue or a chat", MakeMarkdown},
    ExporterRow{"html", ".html .htm",
                "one self-contained page with the pictures of mined pairs",
                MakeHtml},
    ExporterRow{"jsonl", ".jsonl .ndjson",
                "one record a line, as in records.jsonl", MakeJsonl},
    ExporterRow{"csv", ".csv", "one record a row, one column a field", MakeCsv},
};

std::vector<std::string> SplitBlanks(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

std::span<const ExporterRow> Exporters() { return kExporters; }

std::unique_ptr<Exporter> Exporter::Create(const std::string& format) {
  std::vector<std::string> names;
  for (const ExporterRow& row : Exporters()) {
    if (row.name == format) return row.make();
    names.emplace_back(row.name);
  }
  ThrowInput("format \"{}\" is none of {}{}", format, fmt::join(names, ", "),
             DidYouMean(format, names));
}

std::string FormatForFile(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  std::vector<std::string> known;
  for (const ExporterRow& row : Exporters()) {
    for (const std::string& one : SplitBlanks(row.extensions)) {
      if (one == extension) return std::string(row.name);
      known.push_back(one);
    }
  }
  ThrowInput(
      "{}: no report format has the extension \"{}\"; the known ones are "
      "{}{}, or name the format",
      file.string(), extension, fmt::join(known, ", "),
      DidYouMean(extension, known));
}

}  // namespace eyechart::reports

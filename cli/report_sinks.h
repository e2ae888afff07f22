// Files that a command writes in several formats at once: `FILE`,
// `FORMAT=FILE`, `FORMAT=-`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::cli {

/// A name of a table of exporters and its extensions.
struct SinkFormat {
  std::string name;
  std::string extensions;  // with their dots, parted by a blank
};

struct ReportSink {
  std::string format;
  std::string file;  // "-": stdout
};

/// The formats of a table whose rows have name and extensions.
template <typename Rows>
std::vector<SinkFormat> SinkFormats(const Rows& rows) {
  std::vector<SinkFormat> formats;
  for (const auto& row : rows)
    formats.push_back({std::string(row.name), std::string(row.extensions)});
  return formats;
}

/// Reads what was given with `option` (named in errors). `format`, where not
/// empty, is that of those that name none; else the extension tells it. Throws
/// InputError for a format or extension that is not known, with the nearest
/// one, and for a file that is given twice. A file whose name looks like
/// `format=` is given as `./a=b.md`.
std::vector<ReportSink> ParseSinks(std::span<const std::string> texts,
                                   std::span<const SinkFormat> formats,
                                   std::string_view option,
                                   const std::string& format = "");

/// Whether one of them is stdout.
bool UsesStdout(std::span<const ReportSink> sinks);

/// Writes the documents, as many as sinks: files whole or not at all, "-" to
/// stdout.
void WriteSinks(std::span<const ReportSink> sinks,
                std::span<const std::string> documents);

}  // namespace eyechart::cli

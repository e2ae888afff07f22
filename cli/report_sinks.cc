#include "cli/report_sinks.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::cli {
namespace {

std::vector<std::string> NamesOf(std::span<const SinkFormat> formats) {
  std::vector<std::string> names;
  for (const SinkFormat& format : formats) names.push_back(format.name);
  return names;
}

std::string FormatOfFile(const std::string& file,
                         std::span<const SinkFormat> formats,
                         std::string_view option) {
  std::string extension = std::filesystem::path(file).extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  std::vector<std::string> known;
  for (const SinkFormat& format : formats) {
    std::istringstream words(format.extensions);
    for (std::string word; words >> word; known.push_back(word))
      if (word == extension) return format.name;
  }
  ThrowInput(
      "{} {}: no format has the extension \"{}\"; the known ones are {}{}, or "
      "write FORMAT=FILE with one of {}",
      option, file, extension, fmt::join(known, ", "),
      DidYouMean(extension, known), fmt::join(NamesOf(formats), ", "));
}

bool LooksLikeAName(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_';
  });
}

ReportSink ParseSink(const std::string& text,
                     std::span<const SinkFormat> formats,
                     std::string_view option,
                     const std::string& format) {
  const std::vector<std::string> names = NamesOf(formats);
  const auto require_known = [&](const std::string& name) {
    EYECHART_REQUIRE(std::ranges::find(names, name) != names.end(),
                     "{} {}: format \"{}\" is none of {}{}", option, text, name,
                     fmt::join(names, ", "), DidYouMean(name, names));
  };
  const std::size_t sign = text.find('=');
  const std::string before = text.substr(0, sign);
  ReportSink sink;
  if (sign != std::string::npos && LooksLikeAName(before)) {
    require_known(before);
    sink = {before, text.substr(sign + 1)};
  } else if (!format.empty()) {
    require_known(format);
    sink = {format, text};
  } else {
    EYECHART_REQUIRE(text != "-",
                     "{} -: has no extension to take the format from; write "
                     "FORMAT=-",
                     option);
    sink = {FormatOfFile(text, formats, option), text};
  }
  EYECHART_REQUIRE(!sink.file.empty(), "{} {}: names no file", option, text);
  return sink;
}

}  // namespace

std::vector<ReportSink> ParseSinks(std::span<const std::string> texts,
                                   std::span<const SinkFormat> formats,
                                   std::string_view option,
                                   const std::string& format) {
  std::vector<ReportSink> sinks;
  std::set<std::string> files;
  for (const std::string& text : texts) {
    sinks.push_back(ParseSink(text, formats, option, format));
    const std::string& file = sinks.back().file;
    EYECHART_REQUIRE(
        file == "-" ||
            files.insert(std::filesystem::path(file).lexically_normal()).second,
        "{} {}: the file is given twice", option, text);
  }
  return sinks;
}

bool UsesStdout(std::span<const ReportSink> sinks) {
  return std::ranges::find(sinks, "-", &ReportSink::file) != sinks.end();
}

void WriteSinks(std::span<const ReportSink> sinks,
                std::span<const std::string> documents) {
  EYECHART_CHECK(sinks.size() == documents.size(), "{} documents for {} sinks",
                 documents.size(), sinks.size());
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    if (sinks[i].file == "-")
      std::fwrite(documents[i].data(), 1, documents[i].size(), stdout);
    else
      WriteFileAtomic(sinks[i].file, documents[i]);
  }
}

}  // namespace eyechart::cli

#include "probes/multiple_choice/benchmark_kind.h"

#include <array>
#include <system_error>

#include "core/error.h"
#include "core/text.h"
#include "data/signature.h"
#include "probes/multiple_choice/benchmark_builder.h"
#include "probes/multiple_choice/readers.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {
namespace {

namespace fs = std::filesystem;

constexpr std::array kKinds = {
    BenchmarkKind{"mmvp-vlm",
                  "MMVP-VLM: 135 pairs of pictures and statements, nine "
                  "patterns",
                  internal::LooksLikeMmvpVlm, internal::ReadMmvpVlm},
    BenchmarkKind{"mmvp", "MMVP: 150 pairs of questions with two options",
                  internal::LooksLikeMmvp, internal::ReadMmvp},
    BenchmarkKind{"winoground",
                  "pairs of captions and pictures as CSV, JSON or JSONL with "
                  "caption_0, caption_1, image_0, image_1",
                  internal::LooksLikeCaptionPairs, internal::ReadCaptionPairs},
    BenchmarkKind{"sugarcrepe",
                  "captions with a hard negative each, as JSON with filename, "
                  "caption, negative_caption",
                  internal::LooksLikeSugarCrepe, internal::ReadSugarCrepe},
    BenchmarkKind{"generated", "a folder that eyechart generate wrote",
                  internal::LooksGenerated, internal::ReadGenerated},
    BenchmarkKind{"questions",
                  "CSV with id, path and question, option_a, ..., answer, or "
                  "pair and statement",
                  internal::LooksLikeQuestions, internal::ReadQuestions},
};

std::string KindNames() {
  std::vector<std::string_view> names;
  for (const BenchmarkKind& kind : kKinds) names.push_back(kind.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// The file with the questions.
fs::path SourceOf(const fs::path& path) {
  std::error_code error;
  EYECHART_REQUIRE(!path.empty(),
                   "no benchmark named; give its folder or file");
  EYECHART_REQUIRE(fs::exists(path, error), "{}: no such file or folder",
                   path.string());
  if (!fs::is_directory(path, error)) return path;
  fs::path found;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = PlainName(entry.path().filename().string());
    if (name != "questions.csv") continue;
    if (found.empty() || entry.path() < found) found = entry.path();
  }
  EYECHART_REQUIRE(
      !found.empty(),
      "{}: no Questions.csv in it; a benchmark's folder holds one, "
      "or name the file with the questions",
      path.string());
  return found;
}

const BenchmarkKind& KindOf(const fs::path& source, const std::string& name) {
  if (!name.empty()) {
    std::vector<std::string> names;
    for (const BenchmarkKind& kind : kKinds) {
      if (kind.name == name) return kind;
      names.emplace_back(kind.name);
    }
    ThrowInput("kind \"{}\" of benchmark is not known{}; known are {}", name,
               DidYouMean(name, names), KindNames());
  }
  EYECHART_REQUIRE(data::SniffFile(source) == data::PictureFormat::kUnknown,
                   "{}: is a single picture; name the folder that holds it "
                   "with its questions, or the file with the questions",
                   source.string());
  for (const BenchmarkKind& kind : kKinds)
    if (kind.recognise(source)) return kind;
  ThrowInput(
      "{}: its columns or keys are those of no benchmark known here ({}); "
      "name the kind, and what is missing will be said",
      source.string(), KindNames());
}

}  // namespace

std::span<const BenchmarkKind> BenchmarkKinds() { return kKinds; }

const BenchmarkKind* FindBenchmarkKind(std::string_view name) {
  for (const BenchmarkKind& kind : kKinds)
    if (kind.name == name) return &kind;
  return nullptr;
}

void RequireKnown(const ReadOptions& options) {
  EYECHART_REQUIRE(
      options.labels == "corrected" || options.labels == "original",
      "labels \"{}\": should be corrected or original", options.labels);
}

Benchmark ReadBenchmark(const ReadOptions& options) {
  RequireKnown(options);
  const fs::path source = SourceOf(options.path);
  Benchmark benchmark = KindOf(source, options.kind).read(source, options);
  if (options.pictures) RequirePictures(benchmark);
  return benchmark;
}

}  // namespace eyechart::multiple_choice

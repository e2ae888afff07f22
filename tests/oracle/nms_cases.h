// Cases of non-maximum suppression in a safetensors file, as the probes take
// them: m cases behind one another, "boxes" (N, 4) and "scores" (N) F32,
// "classes" (N) and "counts" (m) I64, and "options" (m, 12) F64, whose columns
// are the fields of Setting.
#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/safetensors.h"
#include "probes/detection/nms/nms.h"

namespace eyechart::detection {

/// Columns of "options".
enum Setting {
  kSoft,       // 0: Nms, 1: SoftNms
  kSemantics,  // NmsSemantics or SoftNmsRule
  kClasses,    // NmsClasses; SoftNms: class_agnostic
  kIou,
  kScore,
  kTopK,
  kMaxKept,
  kEta,
  kDecay,
  kSigma,
  kInclusive,
  kThreads,
  kSettings
};

struct Case {
  std::span<const float> boxes;
  std::span<const float> scores;
  std::span<const std::int64_t> classes;
  std::span<const double> setting;
};

inline NmsOptions HardOptions(std::span<const double> setting) {
  NmsOptions options;
  options.semantics = static_cast<NmsSemantics>(setting[kSemantics]);
  options.classes = static_cast<NmsClasses>(setting[kClasses]);
  options.iou_threshold = setting[kIou];
  options.score_threshold = static_cast<float>(setting[kScore]);
  options.top_k = static_cast<std::int64_t>(setting[kTopK]);
  options.max_kept = static_cast<std::int64_t>(setting[kMaxKept]);
  options.eta = static_cast<float>(setting[kEta]);
  options.threads = static_cast<int>(setting[kThreads]);
  return options;
}

template <typename T>
std::span<const T> Values(const SafetensorsFile& file, const char* name) {
  const std::span<const std::byte> data = file.at(name).data;
  return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
}

/// Views into `file`, which outlives them.
inline std::vector<Case> Cases(const SafetensorsFile& file) {
  std::vector<Case> cases;
  std::size_t begin = 0;
  const auto options = Values<double>(file, "options");
  for (const std::int64_t length : Values<std::int64_t>(file, "counts")) {
    const auto count = static_cast<std::size_t>(length);
    cases.push_back(
        {Values<float>(file, "boxes").subspan(4 * begin, 4 * count),
         Values<float>(file, "scores").subspan(begin, count),
         Values<std::int64_t>(file, "classes").subspan(begin, count),
         options.subspan(cases.size() * kSettings, kSettings)});
    begin += count;
  }
  return cases;
}

/// What the cases gave, behind one another.
struct Results {
  std::vector<std::int64_t> kept;    // indices within their case
  std::vector<std::int64_t> counts;  // a case
  std::vector<float> scores;         // of `kept`
};

/// As "kept" (K) and "counts" (m) I64 and "scores" (K) F32.
inline void WriteResults(const char* path, const Results& results) {
  const auto view = [](const auto& values, DType dtype) {
    return TensorView{dtype,
                      {static_cast<std::int64_t>(values.size())},
                      std::as_bytes(std::span(values))};
  };
  const std::vector<std::pair<std::string, TensorView>> tensors = {
      {"kept", view(results.kept, DType::kI64)},
      {"counts", view(results.counts, DType::kI64)},
      {"scores", view(results.scores, DType::kF32)}};
  std::ofstream out(path, std::ios::binary);
  out << SafetensorsHeader(tensors);
  for (const auto& [name, tensor] : tensors)
    out.write(reinterpret_cast<const char*>(tensor.data.data()),
              static_cast<std::streamsize>(tensor.data.size()));
}

}  // namespace eyechart::detection

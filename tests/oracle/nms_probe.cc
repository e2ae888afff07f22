// Non-maximum suppression for the parity tests and the comparison.
//   nms_probe IN OUT
//     IN, a safetensors file of m cases behind one another: "boxes" (N, 4) and
//     "scores" (N) F32, "classes" (N) and "counts" (m) I64, "options" (m, 12)
//     F64, whose columns are the fields of Setting below. OUT, another: "kept"
//     (K) I64, "scores" (K) F32 and "counts" (m) I64.
//   nms_probe serve IN
//     of the first case: prints how many stay, then, for each line with a
//     number of calls, seconds a call.
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "core/safetensors.h"
#include "probes/detection/nms/nms.h"
#include "probes/detection/nms/soft_nms.h"

namespace eyechart::detection {
namespace {

template <typename T>
std::span<const T> Values(const SafetensorsFile& file, const char* name) {
  const std::span<const std::byte> data = file.at(name).data;
  return {reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T)};
}

struct Case {
  std::span<const float> boxes;
  std::span<const float> scores;
  std::span<const std::int64_t> classes;
  std::span<const double> setting;
};

// Columns of "options".
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

NmsOptions HardOptions(std::span<const double> setting) {
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

SoftNmsOptions SoftOptions(std::span<const double> setting) {
  SoftNmsOptions options;
  options.rule = static_cast<SoftNmsRule>(setting[kSemantics]);
  options.decay = static_cast<SoftNmsDecay>(setting[kDecay]);
  options.class_agnostic = setting[kClasses] != 0;
  options.iou_threshold = static_cast<float>(setting[kIou]);
  options.score_threshold = static_cast<float>(setting[kScore]);
  options.max_kept = static_cast<std::int64_t>(setting[kMaxKept]);
  options.sigma = static_cast<float>(setting[kSigma]);
  options.inclusive = setting[kInclusive] != 0;
  return options;
}

SoftNmsResult ResultOf(const Case& one) {
  if (one.setting[kSoft] != 0)
    return SoftNms(one.boxes, one.scores, one.classes,
                   SoftOptions(one.setting));
  SoftNmsResult result;
  result.kept =
      Nms(one.boxes, one.scores, one.classes, HardOptions(one.setting));
  for (const std::int64_t index : result.kept)
    result.scores.push_back(one.scores[static_cast<std::size_t>(index)]);
  return result;
}

std::vector<Case> Cases(const SafetensorsFile& file) {
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

template <typename T>
TensorView ViewOf(const std::vector<T>& values, DType dtype) {
  return {dtype,
          {static_cast<std::int64_t>(values.size())},
          std::as_bytes(std::span(values))};
}

void Run(const char* in, const char* out) {
  const SafetensorsFile file(in);
  std::vector<std::int64_t> kept, counts;
  std::vector<float> scores;
  for (const Case& one : Cases(file)) {
    const SoftNmsResult result = ResultOf(one);
    kept.insert(kept.end(), result.kept.begin(), result.kept.end());
    scores.insert(scores.end(), result.scores.begin(), result.scores.end());
    counts.push_back(static_cast<std::int64_t>(result.kept.size()));
  }
  const std::vector<std::pair<std::string, TensorView>> tensors = {
      {"kept", ViewOf(kept, DType::kI64)},
      {"counts", ViewOf(counts, DType::kI64)},
      {"scores", ViewOf(scores, DType::kF32)}};
  std::ofstream to(out, std::ios::binary);
  to << SafetensorsHeader(tensors);
  for (const auto& [name, view] : tensors)
    to.write(reinterpret_cast<const char*>(view.data.data()),
             static_cast<std::streamsize>(view.data.size()));
}

void Serve(const char* in) {
  const SafetensorsFile file(in);
  const Case one = Cases(file).at(0);
  std::cout << ResultOf(one).kept.size() << std::endl;
  int calls = 0;
  while (std::cin >> calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) ResultOf(one);
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - begin;
    std::cout << taken.count() / calls << std::endl;
  }
}

}  // namespace
}  // namespace eyechart::detection

int main(int count, char** arguments) {
  try {
    if (count != 3) return 2;
    if (std::string(arguments[1]) == "serve")
      eyechart::detection::Serve(arguments[2]);
    else
      eyechart::detection::Run(arguments[1], arguments[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "nms_probe: %s\n", error.what());
    return 2;
  }
}

// Non-maximum suppression for the parity tests and the comparison.
//   nms_probe IN OUT
//     IN: cases (nms_cases.h). OUT: "kept", "scores" and "counts" of them.
//   nms_probe serve IN
//     of the first case: prints how many stay, then, for each line with a
//     number of calls, seconds a call.
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "probes/detection/nms/soft_nms.h"
#include "tests/oracle/nms_cases.h"

namespace eyechart::detection {
namespace {

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

void Run(const char* in, const char* out) {
  const SafetensorsFile file(in);
  Results all;
  for (const Case& one : Cases(file)) {
    const SoftNmsResult result = ResultOf(one);
    all.kept.insert(all.kept.end(), result.kept.begin(), result.kept.end());
    all.scores.insert(all.scores.end(), result.scores.begin(),
                      result.scores.end());
    all.counts.push_back(static_cast<std::int64_t>(result.kept.size()));
  }
  WriteResults(out, all);
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

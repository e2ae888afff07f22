// Arrays of the COCO evaluation, for the parity tests:
//   coco_eval_probe TRUTH.json RESULTS.json OUT MODE THREADS MAX_DETS IOUS
//   AREAS CLASSES
// MODE is strict or corrected; the next three are comma-separated, "-" stands
// for COCO's; CLASSES is each or one. Writes OUT.precision, OUT.recall and
// OUT.scores, float64 in pycocotools' order, and prints the twelve figures, one
// a line, then warnings.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "probes/detection/evaluation/area_ranges.h"
#include "probes/detection/evaluation/read_detections.h"
#include "probes/detection/evaluation/summary.h"

namespace eyechart::detection {
namespace {

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text)
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

void Write(const std::string& path, const std::vector<double>& values) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size() * sizeof(double)));
}

// `per_cell` values a cell, as [T][R][K][A][M].
std::vector<double> AsPycocotools(const Evaluation& e,
                                  const std::vector<double>& values,
                                  std::size_t per_cell) {
  std::vector<double> made;
  for (std::size_t t = 0; t < e.thresholds(); ++t)
    for (std::size_t r = 0; r < per_cell; ++r)
      for (std::size_t k = 0; k < e.categories; ++k)
        for (std::size_t a = 0; a < e.areas(); ++a)
          for (std::size_t m = 0; m < e.numbers(); ++m)
            made.push_back(values[e.Cell(t, k, a, m) * per_cell + r]);
  return made;
}

int Main(const std::vector<std::string>& arguments) {
  EYECHART_REQUIRE(arguments.size() == 9, "nine arguments are wanted");
  EvaluationOptions options;
  options.all_curves = true;
  options.mode = arguments[3] == "strict" ? Mode::kStrict : Mode::kCorrected;
  options.threads = std::atoi(arguments[4].c_str());
  if (arguments[5] != "-") {
    options.max_detections.clear();
    for (const std::string& one : Split(arguments[5]))
      options.max_detections.push_back(std::atoi(one.c_str()));
  }
  if (arguments[6] != "-") {
    options.iou_thresholds.clear();
    for (const std::string& one : Split(arguments[6]))
      options.iou_thresholds.push_back(std::strtod(one.c_str(), nullptr));
  }
  if (arguments[7] != "-") options.areas = ParseAreas(Split(arguments[7]));
  options.class_agnostic = arguments[8] == "one";
  const EvaluationFiles files =
      ReadFiles(arguments[0], arguments[1], options.threads);
  const Evaluation made = Evaluate(files.truth, files.detections, options);
  Write(arguments[2] + ".precision",
        AsPycocotools(made, made.precision, kRecallPoints));
  Write(arguments[2] + ".scores",
        AsPycocotools(made, made.scores, kRecallPoints));
  Write(arguments[2] + ".recall", AsPycocotools(made, made.recall, 1));
  for (const auto& [name, value] : Named(Summarize(made)))
    std::printf("%.17g\n", value);
  for (const auto* warnings : {&files.warnings, &made.warnings})
    for (const std::string& warning : *warnings)
      std::printf("%s\n", warning.c_str());
  return 0;
}

}  // namespace
}  // namespace eyechart::detection

int main(int argc, char** argv) {
  try {
    return eyechart::detection::Main({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

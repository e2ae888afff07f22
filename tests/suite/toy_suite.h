// What tests of suites have in common: a toy encoder, a few pictures, a small
// set of boxes, and runs of a suite's text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "suite/run.h"
#include "suite/suite_spec.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/colour_detector.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart::suite::testing {

/// A DINOv2 of random weights that takes 12 x 12 pixels.
inline void WriteToyModel(const std::filesystem::path& folder) {
  namespace toy = encoders::testing;
  toy::WriteCheckpoint(folder, toy::Dinov2Config(), toy::Dinov2Tensors());
  eyechart::testing::WriteText(folder / "preprocessor_config.json",
                               R"({"image_processor_type": "BitImageProcessor",
          "size": {"shortest_edge": 12},
          "crop_size": {"height": 12, "width": 12}})");
}

/// Three pictures of noise.
inline void WritePhotos(const std::filesystem::path& folder) {
  for (int i = 0; i < 3; ++i)
    eyechart::testing::WriteText(
        folder / (std::to_string(i) + ".png"),
        benchmarks::testing::RandomPng(20, 16,
                                       static_cast<std::uint64_t>(i) + 1));
}

/// Eight pictures with coloured boxes to train on, and some to test on.
inline void WritePlates(const std::filesystem::path& folder) {
  namespace made = detection::testing;
  made::WriteRoboflow(folder / "train",
                      made::ColouredBoxes(folder / "train", 8, 1));
  made::WriteRoboflow(folder / "test", made::ColourSet(folder / "test"));
}

/// `text` as the suite of `folder`.
inline SuiteSpec ReadSuiteText(const eyechart::testing::TempFolder& folder,
                               const std::string& text) {
  eyechart::testing::WriteText(folder / "suite.toml", text);
  return ReadSuite(folder / "suite.toml");
}

inline RunSummary RunInto(const SuiteSpec& suite,
                          const std::filesystem::path& out) {
  RunOptions options;
  options.out = out;
  options.environment = {{"cpu", "a"}};
  options.command = "eyechart run";
  return RunSuite(suite, options, Progress::None());
}

inline std::vector<std::string> CellIds(const SuiteSpec& suite) {
  std::vector<std::string> ids;
  for (const Cell& cell : PlanCells(suite)) ids.push_back(cell.id);
  return ids;
}

/// Why cells of the run `out` failed, for messages.
inline std::string ReasonsOf(const std::filesystem::path& out) {
  std::string reasons;
  for (const Record& record : ReadRecords(out / "records.jsonl"))
    if (record.status != RecordStatus::kOk)
      reasons += record.cell + ": " + record.message + "\n";
  return reasons;
}

}  // namespace eyechart::suite::testing

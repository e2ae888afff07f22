// Every interval that a task kind records is one that reports explain: a suite
// of all kinds there are.
#include "core/interval_methods.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "core/progress.h"
#include "data/scenes/generate.h"
#include "suite/run.h"
#include "suite/suite_spec.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using testing::TempFolder;
using testing::WriteText;

constexpr const char* kSuite = R"(
[suite]
name = "all"
[[encoder]]
name = "near"
model = "near"
[[encoder]]
name = "far"
model = "far"
[[dataset]]
name = "pairs"
kind = "generated"
root = "pairs"
[[dataset]]
name = "classes"
kind = "csv"
root = "classes.csv"
[[dataset]]
name = "labels"
kind = "csv"
root = "labels.csv"
[[dataset]]
name = "numbers"
kind = "csv"
root = "numbers.csv"
[[dataset]]
name = "plates"
kind = "boxes"
root = "plates"

[[task]]
kind = "encode"
encoder = "near"
dataset = "classes"
[[task]]
kind = "mine"
near = "near"
far = "far"
dataset = "classes"
near_min = 0.0
far_max = 0.99999
[[task]]
kind = "ask"
encoder = "near"
dataset = "pairs"
[[task]]
kind = "chart"
encoder = "near"
chart = "landolt-c"
train = 40
test = 8
[[task]]
kind = "probe"
probe = "knn"
k = "1"
encoder = "near"
train = "classes"
dataset = "classes"
[[task]]
kind = "probe"
probe = "linear"
targets = "labels"
steps = 5
encoder = "near"
train = "labels"
dataset = "labels"
[[task]]
kind = "probe"
probe = "linear"
targets = "numbers"
steps = 5
encoder = "near"
train = "numbers"
dataset = "numbers"
[[task]]
kind = "detect"
encoder = "near"
dataset = "plates"
width = 32
layers = 1
steps = 2
variants = 1
[[task]]
kind = "nms-sweep"
encoder = "near"
dataset = "plates"
repetitions = 1
cost_pictures = 0
detector_cell = "near/detect/plates/layers=1,steps=2,variants=1,width=32"
[[task]]
kind = "bench"
encoder = "near"
dataset = "classes"
min_seconds = 0
min_queries = 70
)";

class EveryTaskKind : public ::testing::Test {
 protected:
  EveryTaskKind() {
    for (const char* model : {"near", "far"}) {
      namespace toy = encoders::testing;
      toy::WriteCheckpoint(folder_ / model, toy::Dinov2Config(),
                           toy::Dinov2Tensors());
      WriteText(folder_ / model / "preprocessor_config.json",
                R"({"image_processor_type": "BitImageProcessor",
                    "size": {"shortest_edge": 12},
                    "crop_size": {"height": 12, "width": 12}})");
    }
    std::string classes = "path,label\n", labels = classes, numbers = classes;
    for (int i = 0; i < 20; ++i) {
      const std::string name = std::to_string(i) + ".png";
      WriteText(folder_ / name, benchmarks::testing::RandomPng(
                                    20, 16, static_cast<std::uint64_t>(i)));
      classes += name + (i % 2 == 0 ? ",even\n" : ",odd\n");
      labels += name + (i % 3 == 0 ? ",a|b\n" : i % 3 == 1 ? ",a\n" : ",b\n");
      numbers += name + "," + std::to_string(i) + "\n";
    }
    WriteText(folder_ / "classes.csv", classes);
    WriteText(folder_ / "labels.csv", labels);
    WriteText(folder_ / "numbers.csv", numbers);
    scenes::GenerateOptions pairs;
    pairs.kind = "patterns";
    pairs.out = folder_ / "pairs";
    pairs.count = 4;
    pairs.patterns = {"color"};
    pairs.render.size = 64;
    scenes::Generate(pairs, Progress::None());
    namespace boxes = detection::testing;
    const fs::path plates = folder_ / "plates";
    for (const char* part : {"train", "test"})
      boxes::WriteRoboflow(plates / part,
                           boxes::ColouredBoxes(plates / part, 6, 1));
    WriteText(folder_ / "suite.toml", kSuite);
  }

  const TempFolder folder_;
};

// A kind that is new has to be in the suite above, and an estimator that is new
// in core/interval_methods.cc: a record with another fails its cell.
TEST_F(EveryTaskKind, RecordsIntervalsThatReportsExplain) {
  RunOptions options;
  options.out = folder_ / "run";
  options.environment = {{"cpu", "a"}};
  options.command = "eyechart run";
  RunSuite(ReadSuite(folder_ / "suite.toml"), options, Progress::None());
  std::set<std::string_view> kinds;
  std::set<std::string> met, methods;
  for (const TaskKind& kind : TaskKinds()) kinds.insert(kind.name);
  for (const Record& record : ReadRecords(folder_ / "run/records.jsonl")) {
    EXPECT_NE(record.status, RecordStatus::kError)
        << record.cell << ": " << record.message;
    met.insert(record.task);
    if (record.ci) methods.insert(record.ci->method);
  }
  EXPECT_EQ(std::set<std::string_view>(met.begin(), met.end()), kinds);
  for (const std::string& method : methods)
    EXPECT_NE(FindIntervalMethod(method), nullptr) << method;
  // Were one of these met no longer, its row would be checked by nothing.
  EXPECT_EQ(methods,
            (std::set<std::string>{
                "bootstrap of the mean", "bootstrap over groups",
                "bootstrap over items", "bootstrap over pictures",
                "bootstrap within classes", "image bootstrap, percentile",
                "jackknife over images", "order statistics", "wilson"}));
}

}  // namespace
}  // namespace eyechart::suite

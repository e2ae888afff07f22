#include <array>
#include <vector>

#include "cli/command.h"

namespace eyechart::cli {

std::span<const Command> Commands() {
  static constexpr std::array kCommands = {
      Command{"run", "run every cell of a suite; resumes", AddRun, kGoesOn},
      Command{"inspect", "what a checkpoint is and gives", AddInspect},
      Command{"encode", "pictures to a feature store", AddEncode, kGoesOn},
      Command{"mine", "pairs that one encoder confuses and another tells apart",
              AddMine, kGoesOn},
      Command{"ask", "multiple choice: MMVP, MMVP-VLM, generated questions",
              AddAsk, kGoesOnInOut},
      Command{"probe", "what a read-out of frozen features gets right",
              AddProbe, kGoesOnInOut},
      Command{"detect", "boxes: detection transfer, and what is found",
              AddDetect,
              "run again, train and rf100 go on from what is in -o's folder; "
              "all else begins anew"},
      Command{"bench", "latency and throughput, and where the time goes",
              AddBench},
      Command{"generate", "pictures with ground truth, from a seed",
              AddGenerate},
      Command{"list", "encoders, tasks, datasets, exporters, metrics", AddList},
  };
  static const std::vector<Command> all = [] {
    std::vector<Command> made(kCommands.begin(), kCommands.end());
    const std::span<const Command> light = LightCommands();
    made.insert(made.end(), light.begin(), light.end());
    return made;
  }();
  return all;
}

}  // namespace eyechart::cli

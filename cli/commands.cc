#include <array>

#include "cli/command.h"

namespace eyechart::cli {

std::span<const Command> Commands() {
  static constexpr std::array kCommands = {
      Command{"run", "run every cell of a suite; resumes", AddRun},
      Command{"inspect", "what a checkpoint is and gives", AddInspect},
      Command{"encode", "pictures to a feature store", AddEncode},
      Command{"mine", "pairs that one encoder confuses and another tells apart",
              AddMine},
      Command{"ask", "multiple choice: MMVP, MMVP-VLM, generated questions",
              AddAsk},
      Command{"probe", "what a read-out of frozen features gets right",
              AddProbe},
      Command{"detect", "boxes in pictures", AddDetect},
      Command{"generate", "pictures with ground truth, from a seed",
              AddGenerate},
      Command{"report", "Markdown, HTML, CSV or JSONL from run folders",
              AddReport},
      Command{"list", "encoders, tasks, datasets, exporters, metrics", AddList},
  };
  return kCommands;
}

}  // namespace eyechart::cli

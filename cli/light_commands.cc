#include <array>

#include "cli/command.h"

namespace eyechart::cli {

std::span<const Command> LightCommands() {
  static constexpr std::array kCommands = {
      Command{"coco-eval", "COCO's figures of boxes, as pycocotools to the bit",
              AddCocoEval},
      Command{"gate", "is a run worse than its baseline: verdicts, exit code",
              AddGate},
      Command{"report", "Markdown, HTML, CSV or JSONL from run folders",
              AddReport},
  };
  return kCommands;
}

}  // namespace eyechart::cli

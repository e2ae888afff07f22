#include <array>

#include "cli/command.h"

namespace eyechart::cli {

std::span<const Command> LightCommands() {
  static constexpr std::array kCommands = {
      Command{"coco-eval", "COCO's figures of boxes, as pycocotools to the bit",
              AddCocoEval},
      Command{"compare",
              "two runs or two feature stores: what differs, and by how much",
              AddCompare},
      Command{"explain", "how a result came about: samples, test, command",
              AddExplain},
      Command{"gate", "is a run worse than its baseline: verdicts, exit code",
              AddGate,
              "run again, --aa-runs goes on from what is in --out's folder"},
      Command{"history", "runs over time: kept, plotted, change points found",
              AddHistory},
      Command{"import", "Google Benchmark's JSON as a run folder", AddImport},
      Command{"report",
              "documents from run folders: HTML, Markdown, JUnit, CSV, ...",
              AddReport},
  };
  return kCommands;
}

}  // namespace eyechart::cli

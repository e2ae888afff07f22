#include "cli/command.h"
#include "cli/detect_commands.h"

namespace eyechart::cli {
namespace {

struct DetectPart {
  const char* name;
  const char* what;
  Runner (*add)(Arguments& app);
};

constexpr DetectPart kDetectParts[] = {
    {"train", "a head on an encoder's frozen maps, and its figures",
     AddDetectTrain},
    {"eval", "a trained detector's figures on a set", AddDetectEval},
    {"predict", "boxes in pictures, by a detector or a model that writes",
     AddDetectPredict},
    {"rf100", "train and test on every set of a folder, as Roboflow-100 is",
     AddDetectRf100},
    {"compare", "two results of train, seed by seed", AddDetectCompare},
    {"check", "what is odd in a detection set", AddDetectCheck},
};

}  // namespace

Runner AddDetect(Arguments& app) {
  app.RequireCommand();
  std::vector<std::pair<const Arguments*, Runner>> runners;
  for (const DetectPart& part : kDetectParts) {
    Arguments& added = app.AddCommand(part.name, part.what);
    runners.emplace_back(&added, part.add(added));
  }
  return [runners] {
    for (const auto& [part, run] : runners)
      if (part->chosen()) return run();
    return kExitInput;
  };
}

}  // namespace eyechart::cli

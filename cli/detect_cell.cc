#include "cli/detect_cell.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/bench_options.h"
#include "suite/detect_folder.h"
#include "suite/suite_spec.h"

namespace eyechart::cli {
namespace {

// The command's option for a key of the setting.
std::string OptionFor(const std::string& key) {
  if (key == "validation_share") return "--validation";
  std::string name = key;
  std::replace(name.begin(), name.end(), '_', '-');
  return fmt::format("--{}", name);
}

}  // namespace

Record DetectCellRecord(const std::string& model,
                        const ModelFlags& flags,
                        const std::string& dataset,
                        const suite::DetectJob& job) {
  Record record;
  record.encoder = CellWord(LastOf(model));
  record.task = "detect";
  record.dataset = CellWord(dataset);
  record.setting = suite::DetectSetting(job);
  record.setting.merge(ChangedModelFlags(flags));
  record.cell = record.encoder + "/detect/" + record.dataset + "/" +
                suite::SettingText(record.setting);
  return record;
}

std::string DetectCommandOf(const std::string& model,
                            const ModelFlags& flags,
                            const suite::DetectJob& job,
                            const std::vector<std::int64_t>& images) {
  std::string line =
      fmt::format("eyechart detect train {} {}", ShellWord(model),
                  ShellWord(job.root.string()));
  suite::DetectJob plain = job;
  plain.options.images = 0;
  std::map<std::string, std::string> options = suite::DetectSetting(plain);
  options.merge(ChangedModelFlags(flags));
  for (const auto& [key, value] : options) {
    line += fmt::format(" {}", OptionFor(key));
    // The flags among them.
    if (key != "keep_aspect" && key != "single_class")
      line += fmt::format(" {}", ShellWord(value));
  }
  if (images != std::vector<std::int64_t>{0})
    line += fmt::format(" --images {}", fmt::join(images, ","));
  const detection::TransferOptions usual;
  if (job.options.resamples != usual.resamples)
    line += fmt::format(" --bootstrap {}", job.options.resamples);
  if (job.options.encode_batch != usual.encode_batch)
    line += fmt::format(" --batch {}", job.options.encode_batch);
  if (!job.data.kind.empty())
    line += fmt::format(" --set-kind {}", ShellWord(job.data.kind));
  if (!job.data.pictures.empty())
    line +=
        fmt::format(" --pictures {}", ShellWord(job.data.pictures.string()));
  if (job.data.voc_corners == data::VocCorners::kEdges) line += " --voc-edges";
  if (flags.allow_unused) line += " --allow-unused";
  if (flags.threads > 0) line += fmt::format(" --threads {}", flags.threads);
  return line + " --out NEW_FOLDER";
}

}  // namespace eyechart::cli

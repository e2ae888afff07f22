#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"

namespace eyechart::cli {
namespace {

// The place of `text` in `choices`.
int Choice(const char* flag,
           const std::string& text,
           const char* first,
           const char* second) {
  EYECHART_REQUIRE(text == first || text == second, "{} {}: should be {} or {}",
                   flag, text, first, second);
  return text == first ? 0 : 1;
}

}  // namespace

void AddTransferFlags(CLI::App& app, TransferFlags& flags) {
  detection::TransferOptions& o = flags.options;
  detection::TrainDetectorOptions& t = o.train;
  app.add_option("--head", o.head, "dense (with NMS) or set (without)")
      ->capture_default_str();
  app.add_option("--width", o.width, "channels of the head")
      ->capture_default_str();
  app.add_option("--layers", o.layers,
                 "of the head's towers or decoder (0: the kind's own)")
      ->capture_default_str();
  app.add_option("--stages", flags.stages,
                 "maps the head reads: last, or own (each stage of a "
                 "hierarchical encoder: an advantage, recorded)")
      ->capture_default_str();
  app.add_flag("--keep-aspect", o.keep_aspect,
               "pictures keep their proportions, with a margin (default: "
               "stretched to the input)");
  app.add_option("--steps", t.steps, "of training")->capture_default_str();
  app.add_option("--epochs", o.epochs, "instead of steps");
  app.add_option("--train-batch", t.batch, "pictures a step")
      ->capture_default_str();
  app.add_option("--rate", t.rate,
                 "peak of the learning rate (default: the head's own)");
  app.add_option("--unfreeze", o.unfreeze,
                 "last blocks of the encoder that are trained with the head "
                 "(0: none)")
      ->capture_default_str();
  app.add_option("--unfreeze-rate-factor", t.unfreeze_rate_factor,
                 "their learning rate, as a part of the head's")
      ->capture_default_str();
  app.add_option("--warmup", t.warmup, "steps of a linear rise of the rate")
      ->capture_default_str();
  app.add_option("--average", t.average,
                 "decay of the weights' moving average (0: none)")
      ->capture_default_str();
  app.add_option("--looks", t.looks, "at the validation pictures")
      ->capture_default_str();
  app.add_option("--patience", t.patience,
                 "looks without a better one before training stops (0: never)")
      ->capture_default_str();
  app.add_option("--keep", flags.keep,
                 "the head as at its best look, or the last")
      ->capture_default_str();
  app.add_option("--validation", o.validation,
                 "share of the training pictures that choose, where the set "
                 "has no such part")
      ->capture_default_str();
  app.add_option("--variants", o.variants,
                 "ways in which a training picture is scaled, shifted and "
                 "flipped, its maps kept (0: anew each epoch, the encoder in "
                 "the loop)")
      ->capture_default_str();
  app.add_option("--scale-min", o.jitter.scale_min, "least scale of a picture")
      ->capture_default_str();
  app.add_option("--scale-max", o.jitter.scale_max, "greatest scale")
      ->capture_default_str();
  app.add_option("--cache-gb", flags.cache_gb, "memory for kept maps, GB")
      ->capture_default_str();
  app.add_option("--shots", o.shots, "boxes a class to train on (0: all)")
      ->capture_default_str();
  app.add_option("--shot-rule", flags.shot_rule,
                 "boxes (RF100-VL's) or pictures, with all their boxes")
      ->capture_default_str();
  app.add_option("--images", flags.images,
                 "pictures to train on (0: all); several, comma-separated, "
                 "make a curve")
      ->delimiter(',')
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", o.seed,
                 "of start values, order, jitter, cut and shots")
      ->capture_default_str();
  app.add_option("--runs", o.runs, "seeds, from --seed on")
      ->capture_default_str();
  AddFindFlags(app, o);
}

void AddFindFlags(CLI::App& app, detection::TransferOptions& o) {
  app.add_option("--min-score", o.find.detect.min_score,
                 "boxes below it are left out")
      ->capture_default_str();
  app.add_option("--nms-iou", o.find.nms.iou_threshold,
                 "dense: overlap from which the lesser box goes")
      ->capture_default_str();
  app.add_option("--before-nms", o.find.detect.most,
                 "dense: boxes a picture before suppression")
      ->capture_default_str();
  app.add_option("--max-boxes", o.find.most_kept, "boxes kept a picture")
      ->capture_default_str();
  app.add_option("--bootstrap", o.resamples,
                 "resamples of the test pictures for intervals (0: none)")
      ->capture_default_str();
  app.add_option("--batch", o.encode_batch, "pictures a forward pass")
      ->capture_default_str();
  app.add_option("--workers", o.workers,
                 "decoding threads (default: one a hardware thread)");
}

detection::TransferOptions TransferOptionsOf(const TransferFlags& flags) {
  detection::TransferOptions options = flags.options;
  options.own_stages = Choice("--stages", flags.stages, "last", "own") == 1;
  options.train.keep_best = Choice("--keep", flags.keep, "best", "last") == 0;
  options.shot_rule =
      Choice("--shot-rule", flags.shot_rule, "boxes", "pictures") == 0
          ? data::ShotRule::kBoxes
          : data::ShotRule::kPictures;
  EYECHART_REQUIRE(flags.cache_gb >= 0, "--cache-gb {}: should be at least 0",
                   flags.cache_gb);
  options.cache_bytes = static_cast<std::int64_t>(flags.cache_gb * 1e9);
  options.find.batch = options.encode_batch;
  options.images = flags.images.front();
  return options;
}

void AddBoxFlags(CLI::App& app, BoxFlags& flags) {
  app.add_option("--set-kind", flags.options.kind,
                 "how the set is laid out (default: by looking)");
  app.add_option("--pictures", flags.options.pictures,
                 "folder that file names are relative to (default: looked "
                 "for)");
  app.add_flag("--voc-edges", flags.edges,
               "Pascal VOC: corners are edges from 0, not pixels from 1");
}

data::BoxOptions BoxOptionsOf(const BoxFlags& flags) {
  data::BoxOptions options = flags.options;
  if (flags.edges) options.voc_corners = data::VocCorners::kEdges;
  return options;
}

data::BoxDataset OpenTestPart(const std::string& root,
                              const std::string& part,
                              const BoxFlags& flags) {
  const data::BoxOptions options = BoxOptionsOf(flags);
  if (!part.empty()) return data::OpenBoxDataset(root, part, options);
  const std::vector<std::string> splits = data::BoxSplits(root, options);
  for (const char* wanted : {"test", "val"})
    for (const std::string& split : splits)
      if (split.starts_with(wanted))
        return data::OpenBoxDataset(root, split, options);
  EYECHART_REQUIRE(splits.size() == 1,
                   "{}: has no part test or valid; name one with --part: {}",
                   root, fmt::join(splits, ", "));
  return data::OpenBoxDataset(root, splits.front(), options);
}

void PrintDetectionScores(const Json& json) {
  const Json& stats = json.at("stats");
  const auto figure = [&](const char* name) {
    const double value = stats.at(name).get<double>();
    return value < 0 ? std::string("none") : fmt::format("{:.4f}", value);
  };
  const auto line = [&](const char* what, const char* name) {
    std::string text = figure(name);
    const Json& ci = json.at("ci");
    if (ci.contains(name))
      text += fmt::format("  95% [{:.4f}, {:.4f}]  n = {}",
                          ci[name]["low"].get<double>(),
                          ci[name]["high"].get<double>(),
                          json.at("images").get<std::int64_t>());
    PrintLine(fmt::format("{:<16}{}", what, text));
  };
  line("AP", "AP");
  line("AP50", "AP50");
  line("AP75", "AP75");
  PrintLine(fmt::format("{:<16}small {}, medium {}, large {}", "AP by size",
                        figure("APs"), figure("APm"), figure("APl")));
  PrintLine(fmt::format("{:<16}1: {}, 10: {}, 100: {}", "recall at",
                        figure("AR1"), figure("AR10"), figure("AR100")));
}

}  // namespace eyechart::cli

#include <string>
#include <string_view>
#include <vector>

#include "cli/detect_commands.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "data/boxes/box_kinds.h"
#include "probes/detection/nms/suppress_boxes.h"

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

void AddTransferFlags(Arguments& app, TransferFlags& flags) {
  detection::TransferOptions& o = flags.options;
  detection::TrainDetectorOptions& t = o.train;
  app.AddOption("--head", o.head, "dense (with NMS) or set (without)")
      .ShowDefault();
  app.AddOption("--width", o.width, "channels of the head").ShowDefault();
  app.AddOption("--layers", o.layers,
                "of the head's towers or decoder (0: the kind's own)")
      .ShowDefault();
  app.AddOption("--denoise", o.denoising,
                "set heads: noisy copies of the truth trained beside the "
                "queries, about so many a picture, as RT-DETR's 100 (0: none)")
      .ShowDefault();
  app.AddOption("--stages", flags.stages,
                "maps the head reads: last, or own (each stage of a "
                "hierarchical encoder: an advantage, recorded)")
      .ShowDefault();
  app.AddFlag("--keep-aspect", o.keep_aspect,
              "pictures keep their proportions, with a margin (default: "
              "stretched to the input)");
  app.AddOption("--steps", t.steps, "of training").ShowDefault();
  app.AddOption("--epochs", o.epochs, "instead of steps");
  app.AddOption("--train-batch", t.batch, "pictures a step").ShowDefault();
  app.AddOption("--rate", t.rate, "peak of the learning rate (default: 1e-3)");
  app.AddOption("--unfreeze", o.unfreeze,
                "last blocks of the encoder that are trained with the head "
                "(0: none)")
      .ShowDefault();
  app.AddOption("--unfreeze-rate-factor", t.unfreeze_rate_factor,
                "their learning rate, as a part of the head's")
      .ShowDefault();
  app.AddOption("--warmup", t.warmup, "steps of a linear rise of the rate")
      .ShowDefault();
  app.AddOption("--average", t.average,
                "decay of the weights' moving average (0: none)")
      .ShowDefault();
  app.AddOption("--looks", t.looks, "at the validation pictures").ShowDefault();
  app.AddOption("--patience", t.patience,
                "looks without a better one before training stops (0: never)")
      .ShowDefault();
  app.AddOption("--keep", flags.keep,
                "the head as at its best look, or the last")
      .ShowDefault();
  app.AddOption("--validation", o.validation,
                "share of the training pictures that choose, where the set "
                "has no such part")
      .ShowDefault();
  app.AddOption("--variants", o.variants,
                "ways in which a training picture is scaled, shifted and "
                "flipped, its maps kept (0: anew each epoch, the encoder in "
                "the loop)")
      .ShowDefault();
  app.AddOption("--scale-min", o.jitter.scale_min, "least scale of a picture")
      .ShowDefault();
  app.AddOption("--scale-max", o.jitter.scale_max, "greatest scale")
      .ShowDefault();
  app.AddOption("--cache-gb", flags.cache_gb, "memory for kept maps, GB")
      .ShowDefault();
  app.AddOption("--shots", o.shots, "boxes a class to train on (0: all)")
      .ShowDefault();
  app.AddOption("--shot-rule", flags.shot_rule,
                "boxes (RF100-VL's) or pictures, with all their boxes")
      .ShowDefault();
  app.AddOption("--images", flags.images,
                "pictures to train on (0: all); several, comma-separated, "
                "make a curve")
      .Delimiter(',')
      .NonNegative()
      .ShowDefault();
  app.AddOption("--seed", o.seed,
                "of start values, order, jitter, cut and shots")
      .ShowDefault();
  app.AddOption("--runs", o.runs, "seeds, from --seed on").ShowDefault();
  AddFindFlags(app, o);
  AddBootstrapFlag(app, o);
  AddNmsFlags(app, flags.nms);
}

void AddFindFlags(Arguments& app, detection::TransferOptions& o) {
  app.AddOption("--min-score", o.find.detect.min_score,
                "boxes below it are left out")
      .ShowDefault();
  app.AddOption("--nms-iou", o.find.nms.iou_threshold,
                "dense: overlap above which the lesser box goes, from 0 to 1")
      .ShowDefault();
  app.AddOption("--before-nms", o.find.detect.most,
                "dense: boxes a picture before suppression")
      .ShowDefault();
  app.AddOption("--max-boxes", o.find.most_kept, "boxes kept a picture")
      .ShowDefault();
  app.AddOption("--batch", o.encode_batch, "pictures a forward pass")
      .ShowDefault();
  app.AddOption("--workers", o.workers,
                "decoding threads (default: one a hardware thread)");
}

void AddBootstrapFlag(Arguments& app, detection::TransferOptions& o) {
  app.AddOption("--bootstrap", o.resamples,
                "resamples of the test pictures for intervals (0: none)")
      .ShowDefault();
}

void AddNmsFlags(Arguments& app, NmsFlags& flags) {
  app.AddOption("--nms", flags.nms,
                "dense: whose suppression: torchvision, opencv, or Soft-NMS "
                "(soft-linear, soft-gaussian), which lowers scores instead")
      .ShowDefault();
  app.AddOption("--nms-classes", flags.classes,
                "dense: aware (boxes of other classes do not count) or "
                "agnostic (all as one class)")
      .ShowDefault();
  app.AddOption("--nms-sigma", flags.sigma, "of soft-gaussian, in squared IoU")
      .ShowDefault();
}

void SetNms(const NmsFlags& flags, detection::NmsOptions& options) {
  options.semantics = detection::ParseNmsSemantics(flags.nms, "--nms");
  options.classes = detection::ParseNmsClasses(flags.classes, "--nms-classes");
  EYECHART_REQUIRE(flags.sigma > 0, "--nms-sigma {}: should be more than 0",
                   flags.sigma);
  options.sigma = flags.sigma;
  EYECHART_REQUIRE(options.iou_threshold >= 0 && options.iou_threshold <= 1,
                   "--nms-iou {:g}: should be from 0 to 1, as 0.6",
                   options.iou_threshold);
  // Before any picture is read.
  detection::CheckNmsOptions(options);
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
  SetNms(flags.nms, options.find.nms);
  options.images = flags.images.front();
  return options;
}

void AddPartFlags(Arguments& app, suite::DetectJob& job) {
  app.AddOption("--train-part", job.train,
                "part that is trained on (default: train, or trainval)");
  app.AddOption("--part", job.test,
                "part that is tested on (default: test, or valid)");
}

void AddBoxFlags(Arguments& app, BoxFlags& flags) {
  std::vector<std::string_view> kinds;
  for (const data::BoxKind& kind : data::BoxKinds()) kinds.push_back(kind.name);
  app.AddOption("--set-kind", flags.options.kind,
                fmt::format("how the set is laid out: {} (default: by looking)",
                            fmt::join(kinds, ", ")));
  app.AddOption("--pictures", flags.options.pictures,
                "folder that file names are relative to (default: looked "
                "for)");
  app.AddFlag("--voc-edges", flags.edges,
              "Pascal VOC: corners are edges from 0, not pixels from 1");
  app.AddFlag("--single-class", flags.options.single_class,
              "all categories are one, \"object\": where things are, not what "
              "they are");
}

data::BoxOptions BoxOptionsOf(const BoxFlags& flags) {
  data::BoxOptions options = flags.options;
  if (flags.edges) options.voc_corners = data::VocCorners::kEdges;
  return options;
}

data::BoxDataset OpenTestPart(const std::string& root,
                              const std::string& part,
                              const BoxFlags& flags) {
  return detection::OpenTestSet(root, part, BoxOptionsOf(flags));
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
